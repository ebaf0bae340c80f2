"""Constructor parameters: where a value comes from, both spellings, and what an error says."""

from __future__ import annotations

import copy
import inspect
import os
import pickle
import sys
import warnings
from typing import TYPE_CHECKING, Any, ClassVar
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from onevec import OpenAIEmbeddings
from onevec.errors import ConfigurationError
from onevec.params import Parameters, Secret, alias_of, ignored, param, parameters_of, secret

if TYPE_CHECKING:
    from onevec.params import SecretField

PLAIN = "sk-do-not-show"


class Model(Parameters):
    model: str = "small"
    model_name: str = alias_of("model")
    size: int | None = param(default=3, env=("MADE_UP_SIZE", "MADE_UP_WIDTH"))
    options: dict[str, int] = param(default={})
    group: str = param(env="MADE_UP_GROUP")
    made_up_key: SecretField = secret(env="MADE_UP_KEY")
    api_key: SecretField = alias_of("made_up_key")
    old: str | None = ignored("pass model=")
    hidden: str = param(default="", shown=False)
    kind: ClassVar[str] = "kind"
    _cached: str = "no parameter"


class Larger(Model):
    model: str = "large"
    width: int | None = alias_of("size")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("MADE_UP")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("onevec.params._warned", set())


def made(**given: Any) -> Model:
    return Model(**{"group": "g", "api_key": PLAIN, **given})


# Where a value comes from ---------------------------------------------------------------------------------------------


def test_without_an_argument_the_default_holds() -> None:
    model = made()
    assert (model.model, model.size, model.options, model.old) == ("small", 3, {}, None)


@given(
    argument=st.none() | st.integers(),
    first=st.none() | st.integers() | st.just(""),
    second=st.none() | st.integers() | st.just(""),
)
def test_argument_then_first_variable_then_second_then_default(
    argument: int | None, first: int | str | None, second: int | str | None
) -> None:
    found = {"MADE_UP_SIZE": first, "MADE_UP_WIDTH": second}
    with patch.dict(os.environ, {name: str(value) for name, value in found.items() if value is not None}):
        known = [value for value in (argument, first, second, 3) if value is not None and value != ""]
        assert made(size=argument).size == known[0]


def test_a_default_is_not_shared_by_instances() -> None:
    one, other = made(), made()
    one.options["a"] = 1
    assert other.options == {}


def test_a_missing_value_names_the_parameter_and_its_variable() -> None:
    with pytest.raises(
        ConfigurationError,
        match=r"^Model needs group: pass group=\.\.\. or set the environment variable MADE_UP_GROUP$",
    ):
        Model(api_key=PLAIN)
    with pytest.raises(ConfigurationError, match=r"^Model needs made_up_key \(also spelled api_key\): .*MADE_UP_KEY$"):
        Model(group="g")


def test_a_required_value_without_a_variable_names_the_parameter() -> None:
    class Small(Parameters):
        size: int = param()

    with pytest.raises(ConfigurationError, match=r"^Small needs size: pass size=\.\.\.$"):
        Small()


def test_a_wrong_value_names_the_parameter_and_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"^Model: size must be an int, not 'many'$"):
        made(size="many")
    monkeypatch.setenv("MADE_UP_SIZE", "many")
    with pytest.raises(
        ConfigurationError, match=r"^Model: MADE_UP_SIZE \(parameter size\) must be an int, not 'many'$"
    ):
        made()


def test_a_configuration_error_holds_no_chain() -> None:
    with pytest.raises(ConfigurationError) as caught:
        made(api_key=[PLAIN])
    assert caught.value.__suppress_context__
    assert PLAIN not in str(caught.value)


# Names ----------------------------------------------------------------------------------------------------------------


def test_both_spellings_read_and_write() -> None:
    model = made(model_name="b")
    assert (model.model, model.model_name) == ("b", "b")
    model.model_name = "c"
    assert model.model == "c"
    model.model = "d"
    assert model.model_name == "d"
    assert isinstance(inspect.getattr_static(Model, "model_name"), type(Model.model_name))


def test_both_spellings_at_once_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="model and model_name are the same parameter: give one of them"):
        made(model="a", model_name="b")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("modle", "did you mean 'model'"), ("apikey", "did you mean 'api_key'"), ("zzz", "it has group,")],
)
def test_an_unknown_name_gets_a_suggestion(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Model has no parameter '{name}'; {hint}"):
        made(**{name: 1})
    with pytest.raises(AttributeError, match=f"Model has no parameter '{name}'; {hint}"):
        setattr(made(), name, 1)


def test_a_value_that_is_set_later_is_checked_too() -> None:
    model = made()
    model.size = "5"  # type: ignore[assignment]
    assert model.size == 5
    model.size = None
    assert model.size is None
    with pytest.raises(ConfigurationError, match="size must be an int"):
        model.size = "x"  # type: ignore[assignment]
    model.api_key = "new"
    assert model.made_up_key == "new"
    assert isinstance(model.made_up_key, Secret)


def test_a_subclass_changes_a_default_and_adds_names() -> None:
    larger = Larger(group="g", api_key=PLAIN, width=7)
    assert (larger.model, larger.size, larger.width) == ("large", 7, 7)
    with pytest.raises(ConfigurationError, match="no parameter 'width'"):
        made(width=7)


def test_a_new_default_without_its_type_is_refused() -> None:
    with pytest.raises(TypeError, match="Careless: model must be annotated, or the new default has no effect"):

        class Careless(Model):  # pyright: ignore[reportUnusedClass]
            model = "forgotten"


def test_an_alias_may_become_a_parameter_and_a_parameter_an_alias() -> None:
    class Turned(Model):
        model_name: str = "own"
        group: str = alias_of("model_name")

    turned = Turned(api_key=PLAIN, group="x")
    assert (turned.model_name, turned.model) == ("x", "small")


def test_class_variables_and_private_names_are_no_parameters() -> None:
    assert {"kind", "_cached"}.isdisjoint(Model._params)


def test_the_signature_shows_every_parameter() -> None:
    shown = inspect.signature(Model).parameters
    assert [*shown] == ["model", "size", "options", "group", "made_up_key", "old", "hidden"]
    assert shown["model"].default == "small"
    assert shown["group"].default is None
    assert shown["size"].annotation == "int | None"


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated late from 3.14 on")
def test_late_annotations_are_read_as_text() -> None:
    space: dict[str, Any] = {"Parameters": Parameters, "param": param}
    exec("class Late(Parameters):\n    size: int | NotThere = 3\n", space)  # noqa: S102  # without `from __future__`
    assert space["Late"](size="x").size == "x"


def test_what_has_an_effect_is_listed_with_its_spellings() -> None:
    found = [(spec.name, others) for spec, others in parameters_of(Model)]
    assert ("model", ("model_name",)) in found
    assert ("size", ()) in found
    assert "old" not in dict(found)


# Secrets --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [PLAIN, SecretStr(PLAIN), Secret(PLAIN)], ids=["str", "SecretStr", "Secret"])
def test_a_key_becomes_a_secret(value: Any) -> None:
    model = made(api_key=value)
    assert isinstance(model.api_key, Secret)
    assert model.api_key.get_secret_value() == PLAIN


def test_nothing_shows_a_secret() -> None:
    model = made(hidden=PLAIN)
    assert repr(model) == str(model) == "Model(group='g', made_up_key=Secret('****'))"
    assert PLAIN not in f"{vars(model)['made_up_key']} {Model._params} {inspect.signature(Model)}"


def test_a_field_that_is_typed_as_a_secret_is_one() -> None:
    class Careless(Parameters):
        token: SecretField | None = None  # as a careless class has it
        key: SecretField = param(default=None)

    assert PLAIN not in repr(Careless(token=PLAIN, key=PLAIN))  # type: ignore[arg-type]


def test_an_address_is_shown_without_its_user() -> None:
    model = made(model="https://me:pass@host/v1?x=a@b", options={"proxy": "http://u@proxy"})
    assert "model='https://****@host/v1?x=a@b'" in repr(model)
    assert "http://****@proxy" in repr(model)


def test_a_representation_asks_no_function_for_its_key() -> None:
    class Keyed(Parameters):
        key: SecretField = secret(default="none")

    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return "k"

    keyed = Keyed(key=ask)
    assert repr(keyed) == "Keyed(key=Secret('****'))"
    assert asked == []
    assert repr(Keyed()) == "Keyed(key=Secret('****'))"


def test_copies_share_what_a_function_answered() -> None:
    asked: list[int] = []

    def ask() -> str:
        asked.append(1)
        return f"k{len(asked)}"

    model = made(api_key=ask)
    assert model.copy().api_key == "k1"
    assert model.copy(update={"model": "b"}).api_key == "k1"
    assert model.api_key == "k1"


# What has no effect ---------------------------------------------------------------------------------------------------


def test_a_parameter_without_effect_warns_once_where_it_was_given() -> None:
    with pytest.warns(UserWarning, match=r"^Model: old has no effect: pass model=$") as caught:
        Model(group="g", api_key=PLAIN, old="x")
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made(old="x")


def test_its_default_gives_no_warning() -> None:
    class Old(Parameters):
        retries: int = ignored("pass max_retries=", default=3)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Old(retries=3).retries == 3


# Copies and pickles ---------------------------------------------------------------------------------------------------


def test_a_copy_has_the_same_values_but_for_the_changes() -> None:
    model = made(size=5, options={"a": 1})
    other = model.copy(update={"model_name": "b", "size": 6})
    assert (other.model, other.size, other.group) == ("b", 6, "g")
    assert other.api_key == PLAIN
    assert (model.model, model.size) == ("small", 5)
    assert copy.copy(model).size == copy.deepcopy(model).size == model.model_copy().size == 5
    with pytest.raises(ConfigurationError, match="did you mean 'size'"):
        model.copy(update={"sise": 1})


def test_a_pickle_has_the_values_and_no_key_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MADE_UP_KEY", PLAIN)
    pickled = pickle.dumps(Larger(group="g", size=5))
    assert PLAIN.encode() not in pickled
    monkeypatch.setenv("MADE_UP_KEY", "over there")
    again = pickle.loads(pickled)  # noqa: S301  # made above
    assert (again.size, again.group, again.api_key, again.model) == (5, "g", "over there", "large")


def test_a_pickle_of_a_key_that_was_given_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds a secret that was given as an argument"):
        pickle.dumps(made())


def test_require_names_the_class() -> None:
    made().require([1], "never said")
    with pytest.raises(ConfigurationError, match=r"^Model: a and b exclude each other$"):
        made().require([], "a and b exclude each other")


def test_a_value_without_its_name_is_told_the_name() -> None:
    with pytest.raises(TypeError, match=r"takes its parameters by name: write OpenAIEmbeddings\(model='small', ...\)"):
        OpenAIEmbeddings("small")  # type: ignore[call-arg]
