"""Citizens: their numbers, names, proofs, and the desk where they fetch results.

Chat and web both come to ``retrieval.RetrievalDesk``; neither has a rule of its own.
"""
