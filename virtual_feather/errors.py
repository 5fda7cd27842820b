"""What can go wrong through its user's doing."""


class UserError(Exception):
    """Cannot be done; the text says why, and what to do. `status` is the exit status: 1, or 2 for wrong usage."""

    def __init__(self, text: str, status: int = 1) -> None:
        super().__init__(text)
        self.status = status
