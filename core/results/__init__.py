"""What a laboratory reported, what it means, and which version of it counts.

Readers in ``labs`` produce ``ReportedResult``; ``judge`` turns it into a ``Result``
or into findings; ``intake`` stores either. Bytes and tables are not here.
"""
