"""EdgeAgentError
├── ConfigError             the configuration or credentials file: mend it, then start again (exit code 2)
├── PortInUse               another program has the page's port: end it, or choose another (exit code 3)
├── AlreadyRunning          a second agent on one data folder would tear the journal apart (exit code 5)
└── JournalError
    ├── JournalUnreadable   it misses what it must hold, or is another till's: never start anew in silence (exit code 4)
    │   └── JournalDamaged  the file is damaged: the agent sets it aside at its start, and saves what is in it
    ├── JournalFull         no room on the disk: the sale is refused with words, and works again when there is room
    └── JournalClosed       asked after the agent was stopped
"""


class EdgeAgentError(Exception):
    """Base of all errors that the edge agent raises; `exit_code` is what the command line ends with."""

    exit_code = 1


class ConfigError(EdgeAgentError):
    """A file of settings cannot be used: names the file, the key and the remedy."""

    exit_code = 2


class PortInUse(EdgeAgentError):
    """The port of the cashier's page is taken: names it and the remedy."""

    exit_code = 3


class AlreadyRunning(EdgeAgentError):
    """Another agent holds this data folder."""

    exit_code = 5


class JournalError(EdgeAgentError):
    """The journal cannot do what was asked."""

    exit_code = 4


class JournalUnreadable(JournalError):
    """The journal's file cannot be read, or misses what it must hold: names the file and the remedy."""


class JournalDamaged(JournalUnreadable):
    """The journal's file is not as it was written, `why` in words. The next start saves what can be read of it."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class JournalFull(JournalError):
    """The disk has no room for another fact; nothing was written."""


class JournalClosed(JournalError):
    """The database was closed: the agent is stopping."""
