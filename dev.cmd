@rem So that `dev VERB` works at a Windows prompt as ./dev VERB does elsewhere.
@py -3 "%~dp0dev" %*
