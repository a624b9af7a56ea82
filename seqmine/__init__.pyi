"""What ``import seqmine`` offers, for editors and type checkers; ``__init__.py`` imports each name on first use."""

from seqmine.app.door.board import Board as Board
from seqmine.app.door.board import leaderboard as leaderboard
from seqmine.app.door.found import Found as Found
from seqmine.app.door.found import mine as mine
from seqmine.app.door.prepared import Data as Data
from seqmine.app.door.prepared import prepare as prepare
from seqmine.app.door.run import Run as Run
from seqmine.app.door.run import load as load
from seqmine.app.door.training import build_model as build_model
from seqmine.app.door.training import evaluate as evaluate
from seqmine.app.door.training import train as train
from seqmine.structs.errors import UserError as UserError

__version__: str
