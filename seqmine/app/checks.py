"""Mistakes on the command line, told before anything runs."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, ListConfig, Node, OmegaConf

from seqmine.app.program_settings import settings_of_program
from seqmine.runs.arguments import arguments_of
from seqmine.runs.components import check, refusal
from seqmine.runs.settings import nodes
from seqmine.structs.bounds import fits
from seqmine.structs.credentials import without_credentials, writes_credentials
from seqmine.structs.errors import UserError

_GROUPS_OF_THEIR_OWN = ("callbacks", "logger")
# what other libraries and other people call the settings of this one
_ALSO_CALLED = {
    "behavior": "event_type event type action event_name interaction behaviour",
    "user_id": "user uid userid customer customer_id session_id visitor_id",
    "item_id": "item iid itemid product product_id sku article_id movie_id",
    "timestamp": "time date datetime ts unixtime event_time created_at",
    "embedding_dim": "n_factors hidden_size hidden_dim hidden_units d_model dim embedding_size emb_dim",
    "num_heads": "n_heads heads nhead attention_heads",
    "num_layers": "n_layers n_blocks num_blocks layers blocks depth",
    "dropout": "dropout_rate drop_prob dropout_prob p_dropout",
    "max_length": "maxlen max_len max_seq_len max_seq_length seq_len session_max_len window",
    "num_negatives": "n_negatives negs_per_pos neg_samples num_neg",
    "batch_size": "batch train_batch_size bs",
    "top_k": "k topk n at_k",
    "min_support": "minsup support minimum_support",
    "lr": "learning_rate learningrate eta",
    "weight_decay": "l2 wd l2_reg",
    "max_epochs": "epochs num_epochs n_epochs epoch max_epoch",
    "devices": "gpus num_gpus n_gpus device num_devices",
    "patience": "early_stop early_stopping_patience",
    "ckpt_path": "checkpoint resume_from checkpoint_path",
    "path": "file filename data_path",
}
_MEANT = {word: name for name, words in _ALSO_CALLED.items() for word in words.split()}


def check_settings(name: str, config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse values that a program or one of its components does not take, before anything is built.

    Args:
        name: of the program.
        config: its settings.
        overrides: of the command line.

    Raises:
        UserError: names the value, what is allowed, and the setting.
    """
    check_trust(config, overrides)
    check_checkpoints(config)
    for key, kind in settings_of_program(name).items():
        node = _node_of(config, key)
        if node is not None and not fits(value := _plain(node), kind):
            raise refusal(key, value, kind)
    check(config, config.get("trusted") or ())


def check_checkpoints(config: DictConfig) -> None:
    """Refuse checkpoints outside the folder of the run: other programs, and a training that goes on, look there.

    Args:
        config: of a program; where the folder of the run is not known yet nothing is looked at.

    Raises:
        UserError: names the setting.
    """
    run = OmegaConf.select(config, "paths.run", throw_on_resolution_failure=False)
    for name in OmegaConf.select(config, "callbacks") or () if run is not None else ():
        key = f"callbacks.{name}.dirpath"
        value = OmegaConf.select(config, key, throw_on_resolution_failure=False)
        if isinstance(value, str) and Path(value).absolute() != Path(run, "checkpoints").absolute():
            raise UserError(
                f"{key} is {value}, allowed is the folder checkpoints of the run alone, where other programs look for "
                f"them; leave {key} out, and set hydra.run.dir to have the whole run elsewhere"
            )


def check_groups(config: DictConfig, defaults: DictConfig) -> None:
    """Refuse a value in the place of a group.

    Raises:
        UserError: says how a choice of the group is written.
    """
    for key, node in nodes(config):
        default = OmegaConf.select(defaults, key, throw_on_resolution_failure=False)
        if isinstance(default, DictConfig) and not isinstance(node, DictConfig) and not node._is_interpolation():
            value = node._value()
            if value is not None:
                raise UserError(f"{key} is {value!r}, but {key} is a group; write {key.replace('.', '/')}={value}")


def check_complete(config: DictConfig) -> None:
    """Refuse a configuration in which a setting without default is not set.

    Raises:
        UserError: names the setting.
    """
    missing = sorted(name for name, node in nodes(config) if node._is_missing())
    if missing:
        raise UserError(f"{missing[0]} is not set and has no default; write {missing[0]}=<value>")


def check_credentials(config: DictConfig) -> None:
    """Refuse credentials that are written in an address: the history of the shell and the run folder would keep them.

    Raises:
        UserError: names the setting.
    """
    for key, node in nodes(config):
        value = node._value()
        if isinstance(value, str) and writes_credentials(value):
            raise UserError(
                f"{key} is {without_credentials(value)}, whose credentials would be kept; write "
                f"{key}='${{oc.env:DATABASE_URL}}' and set DATABASE_URL in the environment, or leave them out of it "
                "and set PGUSER and PGPASSWORD"
            )


def check_trust(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse trust that a file asks for: a run folder or an experiment may come from elsewhere.

    Args:
        config: of the program.
        overrides: of the command line.

    Raises:
        UserError: ``trusted`` names something and was not written on the command line.
    """
    if config.get("trusted") and not any(override.partition("=")[0].lstrip("+") == "trusted" for override in overrides):
        names = ",".join(map(str, config.trusted))
        raise UserError(
            f"trusted is [{names}] in a file, allowed is the command line alone; add trusted=[{names}] to it if you "
            "trust them"
        )


def unknown_key(key: str, config: DictConfig) -> UserError:
    """Make the error for a setting that does not exist, with the nearest ones that do."""
    known = [name for name, _ in nodes(config)]
    if key.startswith("trainer.") and "trainer" in config:
        known += [f"trainer.{name}" for name in _trainer_arguments()]
    known = list(dict.fromkeys(known))
    near = _meant(key, known) or difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "see the choices with --help"
    return UserError(f"{key} is no setting; {hint}")


def _meant(key: str, known: Sequence[str]) -> list[str]:
    """Return the settings that are called as a key is, or as what it means, those of a place like its own first."""
    place, _, leaf = key.rpartition(".")
    names = {leaf, _MEANT.get(leaf, leaf)}
    places = [name for name in known if name.rpartition(".")[2] in names]
    beside = [name for name in places if name.rpartition(".")[0] == place]
    return beside or difflib.get_close_matches(key, places, n=1 if "." in key else 3, cutoff=0.0)


def may_be_trainer_argument(key: str) -> bool:
    """Tell whether a setting is an argument of Lightning's trainer; all of them can be set."""
    group, _, name = key.partition(".")
    return group == "trainer" and name in _trainer_arguments()


def _trainer_arguments() -> dict[str, Any]:
    from seqmine.training.trainer import trainer  # imports Lightning, which takes seconds

    return {name: kind for name, kind in arguments_of(trainer).kinds.items() if name not in _GROUPS_OF_THEIR_OWN}


def _node_of(config: DictConfig, key: str) -> Node | None:
    """Return what stands at a key itself; None where nothing does, or what is known in a run alone."""
    node: Any = config
    for name in key.split("."):
        if not isinstance(node, DictConfig) or node._is_none() or node._is_interpolation() or name not in node.keys():  # noqa: SIM118 - `in` skips unset values
            return None
        node = node._get_node(name)
    return None if node is None or node._is_missing() or node._is_interpolation() else node


def _plain(node: Node) -> Any:
    return OmegaConf.to_container(node) if isinstance(node, DictConfig | ListConfig) else node._value()
