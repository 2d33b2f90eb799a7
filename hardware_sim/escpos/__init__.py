"""ESC/POS as the printer sees it, without I/O: bytes in, paper, kicks and answers out.

`lexer` cuts the stream into tokens, `interpreter` turns tokens into work, `paper` keeps what was printed, `machine`
joins them with the sensors and the receive buffer. Command meanings follow Epson's public ESC/POS reference.
"""
