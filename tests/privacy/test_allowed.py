from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from lightning.pytorch.callbacks import EarlyStopping
from lightning.pytorch.loggers import WandbLogger
from torch import nn

from seqmine.data.public_users import PublicUsers
from seqmine.data.splits import LeaveOneOut
from seqmine.models.optimizers import LazyAdamW
from seqmine.privacy.allowed import require_private_data, require_private_model, require_private_trainer
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import UserError
from tests.privacy.models import model_of

SAMPLED = ["model/loss=sampled_softmax", "model.loss.sampler._target_=seqmine.models.negatives.InBatchSampler"]


@pytest.mark.parametrize("name", ["transformer", "sasrec", "gru", "lstm"])
def test_models_whose_users_stand_alone_are_allowed(name):
    model = model_of(name)
    assert require_private_model(model) is model


@pytest.mark.parametrize(
    ("name", "overrides", "sentence"),
    [
        ("bert4rec", [], "model is a .*allowed with privacy=dp_sgd are model=transformer, sasrec, gru and lstm"),
        ("hstu", [], "encoder is a HSTUEncoder"),
        ("transformer", ["model/context=[time_gap]"], r"set model/context=\[\]"),
        ("transformer", SAMPLED, "sampler of negatives is a InBatchSampler, which looks at the items of other"),
    ],
)
def test_models_that_couple_users_are_refused_by_name(name, overrides, sentence):
    with pytest.raises(UserError, match=sentence):
        require_private_model(model_of(name, *overrides))


def test_batch_norm_and_parts_that_compare_users_are_refused_by_name():
    mixed = model_of("transformer")
    mixed.encoder.extra = nn.BatchNorm1d(8)
    with pytest.raises(UserError, match="batch norm, which mixes users"):
        require_private_model(mixed)
    tables = model_of("gru")
    tables.item_embedding = nn.Embedding(2, 2)
    with pytest.raises(UserError, match=r"model/item_table is a Embedding, .*dp_sgd is own"):
        require_private_model(tables)
    compared = model_of("transformer")
    compared.auxiliary["contrast"] = nn.Identity()
    with pytest.raises(UserError, match="auxiliary is contrast, whose parts compare users"):
        require_private_model(compared)


def data_of(log, folder, *overrides):
    settings = ["data=sequences", f"data.path={log}", "privacy=dp_sgd", "data.max_length=8", *overrides]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", settings)
    config.paths.run, config.paths.store, config.run_name = str(folder), str(folder / "store"), "tiny"
    return build(config.data.module)


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["data/windows=sliding"], "data/windows is a SlidingWindows, .*latest: one window a user"),
        (["data/cleaning=core5"], "KCore, which looks at all users outside the budget"),
        (["data/cleaning=cold_items"], "data/cleaning has HeldOutItems"),
        (["data.horizon=2"], "data.horizon is .*null"),
        (["data/task=masked_item"], "data/task is a MaskedItemCollate"),
        (["data/augmentation=crop"], "data/augmentation is set"),
    ],
)
def test_data_of_several_samples_a_user_are_refused_by_name(overrides, sentence, small_log, tmp_path):
    with pytest.raises(UserError, match=sentence):
        require_private_data(data_of(small_log, tmp_path, *overrides))


def test_data_of_one_sample_a_user_are_drawn_by_throws(small_log, tmp_path):
    assert require_private_data(data_of(small_log, tmp_path)).batch_size == 256
    fixed = data_of(small_log, tmp_path, "data.module.batching.batch_size=100")
    assert require_private_data(fixed).sample_rate(200) == 0.5


def trainer_with(**changed):
    usual = {"accumulate_grad_batches": 1, "precision": "32-true"}
    usual["datamodule"] = SimpleNamespace(split=LeaveOneOut())
    return SimpleNamespace(**{**usual, "loggers": [], "callbacks": [], "optimizers": [], **changed})


def board(mode: str, folder) -> WandbLogger:
    return WandbLogger(save_dir=folder, mode=mode)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"accumulate_grad_batches": 4}, "trainer.accumulate_grad_batches is 4"),
        ({"precision": "bf16-mixed"}, "trainer.precision is bf16-mixed"),
        ({"callbacks": [EarlyStopping("val/loss")]}, "callbacks has EarlyStopping, which chooses by users"),
        (
            {
                "optimizers": [
                    LazyAdamW(nn.Linear(1, 1).parameters(), lr=0.1, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
                ]
            },
            "optimizer is lazy_adamw",
        ),
    ],
)
def test_trainers_that_look_at_users_again_are_refused(changed, sentence):
    require_private_trainer(trainer_with())
    with pytest.raises(UserError, match=sentence):
        require_private_trainer(trainer_with(**changed))


def test_public_users_may_choose_by_what_they_did_and_nothing_else_does():
    public = SimpleNamespace(split=PublicUsers(parts=LeaveOneOut(), share=0.1, seed=1))
    require_private_trainer(trainer_with(datamodule=public, callbacks=[EarlyStopping("val/ndcg@10")]))
    with pytest.raises(UserError, match="callbacks has EarlyStopping, which chooses by users"):
        require_private_trainer(trainer_with(datamodule=public, callbacks=[EarlyStopping("train/loss")]))


def test_numbers_on_users_do_not_leave_for_a_server(tmp_path):
    require_private_trainer(trainer_with(loggers=[board("offline", tmp_path)]))
    with pytest.raises(UserError, match="W&B is online, .*WANDB_MODE=offline"):
        require_private_trainer(trainer_with(loggers=[board("online", tmp_path)]))
