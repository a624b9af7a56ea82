from omegaconf import OmegaConf

from seqmine.runs.settings import plain, without_secret


def test_secrets_are_blanked_and_other_keys_are_not():
    config = OmegaConf.create({"api_key": "abc", "nested": [{"password": "x", "monkey": "y"}], "token": None})
    assert plain(config) == {"api_key": "***", "nested": [{"password": "***", "monkey": "y"}], "token": None}


def test_a_column_of_keys_is_no_secret():
    kept = plain(
        OmegaConf.create({"items_key": "sku", "wandb_api_key": "a", "key": "b", "apikey": "c", "hf_token": "d"})
    )
    assert list(kept.values()) == ["sku", "***", "***", "***", "***"]


def test_credentials_inside_addresses_are_blanked_wherever_they_stand():
    config = OmegaConf.create({"data": {"connection": "postgresql://me:secret@host/shop"}, "names": ["a://b:c@d"]})
    assert plain(config) == {"data": {"connection": "postgresql://***@host/shop"}, "names": ["a://***@d"]}
    assert without_secret("data.connection=postgresql://me:secret@host") == "data.connection=postgresql://***@host"
