"""The computer's side of the project, which bootstrap.sh and flash.sh call."""
