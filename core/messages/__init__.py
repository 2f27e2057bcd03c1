"""What leaves the house: SMS templates, deliveries and their states, languages.

Gateways are not here; they live at the edge and fill ``core.ports.Gateway``.
"""
