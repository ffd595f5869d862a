"""`python -m webapprentice` is the command `apprentice`."""

from webapprentice.cli import main

if __name__ == "__main__":
    main()
