"""The Flask side: everything reached by a link, a form, or a text message.

``pages`` are for citizens, ``verify`` for officers, ``staff`` for the console, ``gateways``
for what leaves as SMS, ``sim`` for the demo alone. It knows the core and no other room.
"""
