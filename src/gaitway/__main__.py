"""Run the gaitway command: python -m gaitway."""

from gaitway.cli.main import main

if __name__ == "__main__":
    main()
