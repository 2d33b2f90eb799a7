"""The till's end of the store link: a machine without I/O, and the shell that moves its bytes."""
