"""An officer's look-up: for whoever has no QR to show, by short code or identity card.

The answer is one of two words and never says why, so that a look-up is no way to learn what
somebody was tested for. Who may look up, and the page for it, are the console's business.
"""
