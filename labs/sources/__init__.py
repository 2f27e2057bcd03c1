"""Where files come from: a watched folder today; servers, SFTP and MLLP later.

A source lists what is ready and puts aside what is done; it never reads a result.
"""
