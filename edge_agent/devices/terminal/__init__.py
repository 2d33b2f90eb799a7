"""Card terminals: machines of their own that charge a card and say so, or do not.

`port` is what the till asks of any of them, `attending` carries attempts from disk through one; `framing` and `driver`
speak a plain line protocol, for terminals behind an ECR bridge; `square_words` and `square_driver` speak with Square.
"""
