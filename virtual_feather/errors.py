"""The error whose text tells users what to do."""


class UserError(Exception):
    """A command cannot be done; the text says why, and what to do. `status`: exit status, 1, or 2 for wrong usage."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status
