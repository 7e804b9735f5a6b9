"""The one exception that the command line shows without a traceback."""


class ReleaseError(Exception):
    """Something that a person has to put right: the object, the value and the remedy."""
