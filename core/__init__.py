"""The rules of the product, without I/O.

Results, certificates, citizens, messages and policy live here. Nothing in this room
opens a file, a socket or a database, reads the clock or the environment: time, keys,
randomness and stores come in as arguments or through ``core.ports``.
"""
