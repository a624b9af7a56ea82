from omegaconf import OmegaConf

from seqmine.runs.nodes import child_of, components_in, is_component, keys_of, path_of, setting_of

ROOT = OmegaConf.create(
    {
        "lr": 0.1,
        "part": {"_target_": "a", "lr": "${lr}", "inner": [{"_target_": "b"}], "copy": "${part.inner}"},
        "off": None,
        "nowhere": "${missing}",
    }
)


def test_components_are_found_where_they_stand_themselves():
    assert [path_of(node) for node in components_in(ROOT)] == ["part", "part.inner0"]
    assert is_component(ROOT.part) and not is_component(ROOT) and not is_component(None)


def test_a_reference_leads_to_the_setting_behind_it():
    part = ROOT.part
    assert child_of(part, "lr")._value() == 0.1
    assert setting_of(part, "lr") == "lr"
    assert setting_of(part, "copy") == "part.inner"
    assert setting_of(ROOT, "nowhere") == "nowhere"


def test_keys_of_mappings_and_places_of_lists():
    assert keys_of(ROOT.part.inner) == [0]
    assert keys_of(ROOT) == ["lr", "part", "off", "nowhere"]
