"""Networks that misbehave: a line of ours between programs, and network namespaces with the kernel's own means."""
