"""What programs say of themselves: the list of all, and the help of one, both from the heads of their yaml files."""

import difflib
import re
import runpy
import sys
import textwrap
from collections.abc import Iterator, Sequence
from importlib.metadata import version

from omegaconf import DictConfig, OmegaConf

from seqmine.app.completion import bash_completion
from seqmine.runs.components import CONF_DIR

_WIDTH = 80
_INDENT = 30  # of what stands beside the name of a setting or a group
_HIDDEN = ("paths", "hydra")  # groups that nobody chooses from
_HEAD = re.compile(r"# python -m seqmine\.(\w+)[^:\n]*: (.+)")


def programs() -> dict[str, str]:
    """Return what each program does, by name."""
    heads = [_HEAD.match(path.read_text()) for path in sorted(CONF_DIR.glob("*.yaml"))]
    return {head[1]: head[2] for head in heads if head is not None}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program that the first argument names, as ``python -m seqmine.<program>`` does; list all without one.

    Args:
        arguments: after the command; None takes those of this process.
    """
    given, known = list(sys.argv[1:] if arguments is None else arguments), programs()
    if not given or given[0] in ("-h", "--help"):
        sys.stdout.write(listing())
    elif given[0] == "--version":
        sys.stdout.write(f"seqmine {version('seqmine')}\n")
    elif given[0] == "completion":
        sys.stdout.write(bash_completion(known))
    elif given[0] not in known:
        near = difflib.get_close_matches(given[0], known, n=1, cutoff=0.0)
        sys.stderr.write(f"error: {given[0]} is no program, did you mean {near[0]}? seqmine lists all of them\n")
        sys.exit(1)
    else:
        sys.argv[1:] = given[1:]
        runpy.run_module(f"seqmine.{given[0]}", run_name="__main__", alter_sys=True)


def listing() -> str:
    """Return the programs, a sentence each."""
    lines = [_beside(name, sentence, 13) for name, sentence in programs().items()]
    return "\n".join(
        [
            "Learn from sequences of user behavior what comes next, and which patterns run",
            "through them.",
            "",
            "usage: seqmine <program> [setting=value ...], or python -m seqmine.<program>",
            "",
            *lines,
            "",
            "seqmine <program> --help tells of one of them.",
            'eval "$(seqmine completion)" lets bash complete programs, groups and settings.',
            "",
        ]
    )


def manual(name: str) -> str:
    """Return the help of a program: a sentence, examples, the most used settings with their defaults, and its groups.

    Args:
        name: of the program and of its configuration in ``conf/``.
    """
    text = (CONF_DIR / f"{name}.yaml").read_text()
    chosen = [_beside(f"{group}=", choices) for group, choices in groups(name)]
    return "\n".join(
        [
            f"{programs()[name][:1].upper()}{programs()[name][1:].rstrip('.')}.",
            "",
            *(f"  {example}" for example in examples(text)),
            "",
            "The most used settings, with their defaults:",
            *(_beside(setting, meaning) for setting, meaning in settings(text)),
            "",
            *(["Groups, of which one is chosen as in group=choice (* is the default):", *chosen, ""] if chosen else []),
            f"Every setting with its value: python -m seqmine.{name} --cfg job",
            "A run for each value of a,b: -m; what else Hydra takes: --hydra-help",
            "",
        ]
    )


def examples(text: str) -> list[str]:
    """Return the commands in the head of the yaml file of a program."""
    return re.findall(r"^#   (python -m .+)$", text, re.MULTILINE)


def settings(text: str) -> list[tuple[str, str]]:
    """Return the settings in the head of the yaml file of a program: (name=default, meaning)."""
    head = text.partition("# settings:\n")[2].partition("\ndefaults:")[0]
    return re.findall(r"^#   (\S+): (.+)$", head, re.MULTILINE)


def groups(name: str) -> Iterator[tuple[str, str]]:
    """Yield the groups that a program has, those inside of them too, with their choices.

    Args:
        name: of the program.
    """
    config = OmegaConf.load(CONF_DIR / f"{name}.yaml")
    assert isinstance(config, DictConfig)
    for entry in config.defaults:
        for group, default in entry.items() if isinstance(entry, DictConfig) else ():
            if group in _HIDDEN:
                continue
            folder = CONF_DIR / str(group)
            for inner in [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())]:
                choices = sorted(path.stem for path in inner.glob("*.yaml") if path.stem != "base")
                if choices:
                    marked = [f"{choice}*" if inner == folder and choice == default else choice for choice in choices]
                    yield str(inner.relative_to(CONF_DIR)), " ".join(marked)


def _beside(name: str, text: str, indent: int = _INDENT) -> str:
    """Return a name with a text beside it, or below where the name is long, in lines of a terminal."""
    lines = textwrap.wrap(text, _WIDTH - indent - 2, break_on_hyphens=False)
    space = " " * (indent + 2)
    first = f"  {name.ljust(indent)}{lines[0]}" if len(name) < indent else f"  {name}\n{space}{lines[0]}"
    return "\n".join([first, *(f"{space}{line}" for line in lines[1:])])
