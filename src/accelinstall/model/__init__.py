"""The words of the story: frozen values that every room shares and none changes.

Import from the submodule that holds the noun (``model.target``, ``model.lock``...), so that a start-up pays only for
what it uses.
"""
