"""Completion of programs, groups and settings in a shell."""

from collections.abc import Iterable

# Hydra answers what may follow; it takes the line of a command with one word in front of the settings
_BASH = """\
_seqmine() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} name=${{COMP_WORDS[0]##*/}}
    local program=${{name#seqmine-}} line=${{COMP_LINE#* }}
    if [ "$name" = seqmine ]; then
        if [ "$COMP_CWORD" -eq 1 ]; then
            compopt +o nospace
            COMPREPLY=($(compgen -W "{programs}" -- "$word"))
            return
        fi
        program=${{COMP_WORDS[1]}} line=${{line#* }}
    fi
    line="seqmine-$program $line"
    local choices=$(COMP_LINE="$line" COMP_POINT=${{#line}} seqmine "$program" -sc query=bash 2>/dev/null)
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
}}
COMP_WORDBREAKS=${{COMP_WORDBREAKS//=}}
complete -o nospace -o default -F _seqmine seqmine seqmine-train
"""


def bash_completion(programs: Iterable[str]) -> str:
    """Return what bash has to read to complete ``seqmine`` and ``seqmine-train``.

    Args:
        programs: their names.
    """
    return _BASH.format(programs=" ".join(programs))
