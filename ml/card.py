"""The model card: everything that ``bundle.json`` holds, for people to read.

Sections after Mitchell et al., "Model Cards for Model Reporting" (2019).
"""

from typing import Any

from ml.metrics import Estimate
from ml.training.recipe import Recipe

# With fewer melanomas a figure says more about chance than about the model.
FEW = 20


def render(facts: dict[str, Any]) -> str:
    """Return the card as Markdown."""
    test = facts["kpis"]["test"]
    recipe = Recipe().plain() | facts["recipe"]
    remark = f" {facts['remark']}" if facts.get("remark") else ""
    beside = (
        "" if recipe["target"] == "binary" else f", {recipe['target']} diagnosis learnt beside it"
    )
    smaller = (
        f" ({recipe['smaller']:.0%} of the steps at {recipe['small_size']})"
        if recipe["smaller"]
        else ""
    )
    hours = facts["training_seconds"] / 3600
    before = facts.get("began_with")
    started = (
        "the weights of another run, which had learnt from the same pictures (see below)"
        if before
        else _first(facts, recipe)
    )
    taught = (
        f"- Beside the labels, {recipe['teacher_weight']:.0%} of what it learnt of melanomas is the mean\n"
        f"  answer of {len(recipe['teachers'])} other networks, which had not learnt from\n"
        "  the pictures held out either.\n"
        if recipe.get("teachers")
        else ""
    )
    cut = ", but cut short" if facts["epochs_done"] < recipe["epochs"] else ""
    return f"""# {facts["name"]} {facts["version"]}

A research model, **not a medical device**. It has not been tested in a clinic, and its number is
neither a diagnosis nor an all-clear.

## Model

- {facts["architecture"]}, one output (melanoma), {facts["input"]["size"]} x {facts["input"]["size"]}
  pixels: the {facts["input"]["crop"]} of the picture, {facts["input"]["resampling"]} reduction; the mean of {facts["input"]["views"]} views (rotations and mirror images).
- Answers with a calibrated probability, one of five outcomes, a class activation map, or "cannot be
  judged".
- Weights rounded to half precision; every engine computes in single precision with the same weights.

## Intended use

Research and teaching with dermoscopic close-ups of single pigmented spots, as part of Naevus. Not for
deciding whether a person needs a doctor.

## Data

{_data(facts)}

The split keeps every lesion (HAM10000) and every patient (SIIM-ISIC) in one of
{facts["folds"]["number"]} folds; ISIC 2017 names neither, so its pictures were split one by one. The
network learnt from {facts["trained_on"]:,} pictures. One fold was kept for calibration and thresholds
and one for the figures below; the network learnt from neither, and nothing was chosen by the latter.{remark}

HAM10000 and SIIM-ISIC are licensed CC BY-NC 4.0, so these weights are for **non-commercial** use.
The network began with {started}.

## Figures on the test fold

Lesions (HAM10000), patients (SIIM-ISIC) and pictures (ISIC 2017, where two pictures of one lesion may
have been parted) that the network never saw, from the same clinics as those it learnt from. Figures in
brackets are 95 % confidence intervals (DeLong for AUC, Wilson for shares). They count every picture on
its own; several pictures may show one lesion or one patient, so the true intervals are wider.

{_discrimination(test)}

**Thresholds**, fixed on the calibration fold, measured on the test fold:

{_operating_points(facts)}

**Calibration** ({facts["calibration"]["method"]}, fitted on the calibration fold), measured on the
test fold, all sources together: Brier score {test["all"]["brier"]:.4f}; slope
{_number(test["all"]["calibration_slope"])} and intercept
{_number(test["all"]["calibration_intercept"])} (ideal: 1 and 0); mean probability
{test["all"]["mean_probability"]:.3f} where
{test["all"]["melanomas"] / test["all"]["pictures"]:.3f} were melanomas. The probability holds for a
share of melanomas as in the setting ("{facts["setting"]}"); among spots that people photograph at home
melanomas are far rarer.

## Pictures that it refuses

Share of good pictures of the test fold refused by the in-domain gate (its limit was set to refuse
at most 1.25 % of each source's calibration fold):

{_refused(facts["kpis"]["gate"]["known_refused"])}

Share of other pictures that are refused (AUC of all of them against the good ones:
{Estimate(**facts["kpis"]["gate"]["auc"])}). The gate has learnt from other pictures of these kinds; in
the last column a gate made the same way that has learnt nothing of that kind:

{_strangers(facts["kpis"]["gate"])}

A lesion in which only green and blue are exchanged still has the colours of some skin and mostly passes.

{_quality(facts["kpis"].get("quality"))}

## Limits

- Learnt from dermoscopic pictures only. **Photos taken with a bare phone camera have not been
  measured**; the number means less for them.
- Skin tones are not labelled in the data, and dark skin is rare in it. **How it does on dark skin has
  not been measured.**
- Test and training pictures come from the same clinics and cameras. On pictures from elsewhere such
  models do worse. By how much is not known of this one; trained without one source, networks like it
  lost about a tenth of AUC there (docs/training.md, "From one clinic to another").
- Tint, heavy compression and distance move the answer. By how much, the report of `evaluate` says.
- "Benign" in SIIM-ISIC mostly means that nobody took a sample.
- Only melanoma counts as positive. Other skin cancers, such as basal cell carcinoma, are among the
  rest, and a low number says nothing about them.
- The activation map shows what the network went by, not what a doctor would go by.

## How it was made

- Melanoma or not{beside}; augmentation "{recipe["augmentation"]}", {recipe["size"]} pixels{smaller}.
- {facts["epochs_done"]} epochs of a schedule of {recipe["epochs"]}, with AdamW, peak learning rate {recipe["lr"]}, weight decay
  {recipe["weight_decay"]}, batches of {recipe["batch"]}, warm-up and {recipe["schedule"]}; mean of weights
  (decay {recipe["ema"]}, ramp {recipe["ema_ramp"]:g}); seed {recipe["seed"]}; {hours:.1f} hours on {facts["device"]}, torch
  {facts["torch"]}. The schedule was fixed beforehand{cut}; the last
  averaged weights were taken.
{_averaged(facts)}{_before(before)}{taught}- Data SHA-256 `{facts["data_sha256"][:16]}`, folds SHA-256 `{facts["folds"]["sha256"][:16]}`, code
  `{facts["code"]["trained"]}`.

```sh
{facts["commands"]}
```
"""


def _averaged(facts: dict[str, Any]) -> str:
    """Return how many runs' weights the network is the mean of, if of several."""
    if not facts.get("averaged"):
        return ""
    return (
        f"- The weights are the mean of this run's and of {len(facts['averaged']) - 1} of the runs "
        "before it, with the statistics of the\n"
        "  normalisation taken anew from pictures that it has learnt from.\n"
    )


def _first(run: dict[str, Any], recipe: dict[str, Any]) -> str:
    """Return the weights that a run began with which are not of another run."""
    if recipe["init"]:
        return f"`{recipe['init']}`"
    if recipe["pretrained"]:
        return f"ImageNet weights ({run.get('first_weights') or 'timm'})"
    return "random weights"


def _before(run: dict[str, Any] | None) -> str:
    """Return what the run was whose weights were the first, and the one before it."""
    if not run:
        return ""
    recipe = Recipe().plain() | run["recipe"]
    first = "another run" if run.get("began_with") else _first(run, recipe)
    return (
        f"- It began with the weights of a run of {run['epochs']} epochs "
        f"({run['seconds'] / 3600:.1f} hours; augmentation\n"
        f'  "{recipe["augmentation"]}", peak learning rate {recipe["lr"]}), '
        f"which began with {first}.\n"
    ) + _before(run.get("began_with"))


def _data(facts: dict[str, Any]) -> str:
    rows = [
        "| source | pictures | melanomas | lesions or patients | licence |",
        "|---|---|---|---|---|",
    ]
    rows += [
        f"| {one['source']} | {one['pictures']:,} | {one['melanomas']:,} | {one['groups']:,} "
        f"| {one['licence']} |"
        for one in facts["data"]
    ]
    return "\n".join(rows)


def _discrimination(test: dict[str, Any]) -> str:
    rows = [
        "| source | pictures | melanomas | AUC, melanoma against the rest |",
        "|---|---|---|---|",
    ]
    for name, figures in test.items():
        remark = " too few melanomas to say" if figures["melanomas"] < FEW else ""
        rows.append(
            f"| {'all together' if name == 'all' else name} | {figures['pictures']:,} "
            f"| {figures['melanomas']} | {Estimate(**figures['auc'])}{remark} |"
        )
    return "\n".join(rows)


def _operating_points(facts: dict[str, Any]) -> str:
    rows = ["| from | set for | probability | source | sensitivity | specificity |"]
    rows.append("|---|---|---|---|---|---|")
    for outcome, limit in facts["thresholds"]["probability"].items():
        for name, figures in facts["kpis"]["test"].items():
            if figures["melanomas"] < FEW:
                continue
            at = figures["at_threshold"][outcome]
            rows.append(
                f"| {outcome.replace('_', ' ')} | {facts['thresholds']['policy'][outcome]} "
                f"| {limit:.3f} | {name} | {Estimate(**at['sensitivity'])} "
                f"| {Estimate(**at['specificity'])} |"
            )
    return "\n".join(rows)


def _refused(shares: dict[str, dict[str, float]]) -> str:
    rows = ["| pictures | refused |", "|---|---|"]
    rows += [f"| {name} | {Estimate(**share)} |" for name, share in shares.items()]
    return "\n".join(rows)


def _strangers(gate: dict[str, Any]) -> str:
    rows = ["| pictures | refused | refused unlearnt |", "|---|---|---|"]
    rows += [
        f"| {kind} | {Estimate(**share)} | {Estimate(**gate['unlearnt_refused'][kind])} |"
        for kind, share in gate["strangers_refused"].items()
    ]
    return "\n".join(rows)


def _quality(figures: dict[str, Any] | None) -> str:
    if figures is None:
        return "Bad photos of moles are not refused."
    rows = ["| reason | source | good pictures refused |", "|---|---|---|"]
    rows += [
        f"| {_words(reason)} | {source} | {Estimate(**share)} |"
        for reason, shares in figures["known_refused"].items()
        for source, share in shares.items()
    ]
    rows += ["", "Good pictures of the test fold made bad on purpose:", ""]
    rows += ["| reason | degree | refused for it | AUC against good ones |", "|---|---|---|---|"]
    rows += [
        f"| {_words(reason)} | {degree} | {Estimate(**one['refused'])} | {Estimate(**one['auc'])} |"
        for reason, degrees in figures["caught"].items()
        for degree, one in degrees.items()
    ]
    lead = (
        "The quality limits were set so that each refuses at most 0.5 % of any source's good\n"
        "pictures, and that for darkness no higher than a quarter of white, because dark skin is\n"
        "rare in the data. Measured on the test fold:\n\n"
    )
    return lead + "\n".join(rows)


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _number(value: float | None) -> str:
    return "not to be had" if value is None else f"{value:.2f}"
