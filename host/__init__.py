"""What bootstrap.sh and flash.sh call: the computer's side of the project."""
