"""Paper: a result as a slip on A4, as a card, or as cards on a sheet, each a PDF in bytes.

Vietnamese first, English below it. Which result may be printed for whom is
``core.policy.printing``'s rule; whoever prints brings the fonts and writes the bytes.
"""
