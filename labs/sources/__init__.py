"""Where files come from: folders, SFTP, FHIR servers, MLLP.

A source lists what is ready and puts aside what is done; it never reads a result.
"""
