"""webrepl_setup: asks for WebREPL's password and switches it on or off in boot.py."""

import sys

RC = "./boot.py"
CONFIG = "./webrepl_cfg.py"


def input_choice(prompt, choices):
    """Ask until the answer is one of `choices`."""
    while True:
        answer = input(prompt)
        if answer in choices:
            return answer


def getpass(prompt):
    """Ask for a password."""
    return input(prompt)


def input_pass():
    """Ask twice for a password of 4 to 9 characters."""
    while True:
        first = getpass("New password (4-9 chars): ")
        if not 4 <= len(first) <= 9:
            print("Invalid password length")
        elif getpass("Confirm password: ") != first:
            print("Passwords do not match")
        else:
            return first


def exists(fname):
    """Whether there is such a file."""
    try:
        with open(fname):
            return True
    except OSError:
        return False


def get_daemon_status():
    """Whether boot.py starts WebREPL; None if boot.py does not mention it."""
    with open(RC) as file:
        for line in file:
            if "webrepl" in line:
                return not line.startswith("#")
    return None


def change_daemon(action):
    """Comment the lines of boot.py out, or in."""
    with open(RC) as file:
        lines = file.read().split("\n")
    found = False
    for i, line in enumerate(lines):
        if "webrepl" in line:
            found = True
            bare = line.lstrip("# ")
            lines[i] = bare if action else "#" + bare
    if action and not found:
        lines.append("import webrepl\nwebrepl.start()\n")
    with open(RC, "w") as file:
        file.write("\n".join(lines))


def main():
    """Ask, write, and offer to reset."""
    on = get_daemon_status()
    print("WebREPL daemon auto-start status:", "enabled" if on else "disabled")
    print("\nWould you like to (E)nable or (D)isable it running on boot?")
    print("(Empty line to quit)")
    answer = input("> ").upper()
    if answer == "E" and (not exists(CONFIG) or input_choice("Change the password? (y/n) ", ("y", "n")) == "y"):
        with open(CONFIG, "w") as file:
            file.write("PASS = %r\n" % input_pass())
    if answer not in ("D", "E") or (answer == "E") == on:
        print("No further action required")
        sys.exit()
    change_daemon(answer == "E")
    print("Changes will be activated after reboot")
    if input_choice("Would you like to reboot now? (y/n) ", ("y", "n", "")) == "y":
        import machine

        machine.reset()


main()
