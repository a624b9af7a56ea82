"""``python -m seqmine`` lists the programs; ``python -m seqmine train`` runs one."""

from seqmine.app.manual import main

if __name__ == "__main__":
    main()
