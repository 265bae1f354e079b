# make run     start everything on this machine      make test    run the tests
# make bench   measure the speed, as ratios          make lint    check style, types, imports
# make model   train, pack and measure the model that ships, from the data (hours; can be stopped)

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
TESTS ?= tests
DATA ?=
WORK ?= var/model
BUNDLE ?= ml/bundles/default
REPORT ?= docs/model-report.html
RELEASE ?= 4
SETTINGS ?=
REMARK := What and at which size the first run learns was chosen by a few trials on an earlier split of the \
  same pictures, so some pictures of both folds had a part in that choice, though none in the weights. The \
  size of what is judged, and that the last two runs are averaged, were chosen on the calibration fold.

.PHONY: run test lint bench model lock clean

run: .venv/web-and-worker
	@$(BIN)/python manage.py local --port $(PORT)

test: .venv/dev
	@$(BIN)/python -m pytest $(TESTS)

lint: .venv/dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy ml worker webplatform
	@$(BIN)/lint-imports

bench: .venv/dev
	@$(BIN)/python -m tests.bench

# From the data to the bundle and its report. Each step goes on where it was stopped, and one
# that is done takes seconds. docs/training.md says how DATA is laid out.
model: .venv/dev
	@test -d "$(DATA)" || { echo "Where is the data? make model DATA=FOLDER (docs/training.md)"; exit 2; }
	$(BIN)/python -m ml ingest $(DATA)/ham10000 $(DATA)/isic2017 $(DATA)/siim-isic-melanoma-classification --out $(WORK)/store
	$(BIN)/python -m ml clean $(WORK)/store
	test -f $(WORK)/store/folds.csv || $(BIN)/python -m ml folds $(WORK)/store --folds 10
	$(BIN)/python -m ml audit $(WORK)/store
	$(BIN)/python -m ml train --store $(WORK)/store --out $(WORK)/runs/default --recipe ml/recipes/default.toml \
	  init=$(DATA)/weights/mobilenetv2_100.imagenet.safetensors $(SETTINGS)
	$(BIN)/torchrun --standalone --nproc-per-node 2 -m ml train --store $(WORK)/store --out $(WORK)/runs/finish \
	  --recipe ml/recipes/finish.toml init=$(WORK)/runs/default/model.safetensors $(SETTINGS)
	$(BIN)/torchrun --standalone --nproc-per-node 2 -m ml train --store $(WORK)/store --out $(WORK)/runs/refine \
	  --recipe ml/recipes/refine.toml init=$(WORK)/runs/finish/model.safetensors $(SETTINGS)
	$(BIN)/python -m ml average $(WORK)/runs/refine $(WORK)/runs/finish --size 160 --out $(WORK)/runs/mean
	$(BIN)/python -m ml bundle $(WORK)/runs/mean --out $(BUNDLE) --release $(RELEASE) --remark "$(REMARK)"
	$(BIN)/python -m ml evaluate $(WORK)/runs/mean --against $(WORK)/runs/finish --bundle $(BUNDLE) \
	  --free-pictures --out $(REPORT)

# Writes down the versions that are installed now; run it after an upgrade.
lock: .venv/dev
	@{ echo "# Every version that the project is tested with. Written by \`make lock\`."; \
	   $(BIN)/pip freeze --exclude pip --exclude setuptools | grep -viE '^(torch|torchvision|setuptools)[=@ ]'; \
	 } > requirements/constraints.tmp && mv requirements/constraints.tmp requirements/constraints.txt

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

INSTALL := @$(BIN)/python -m pip install --disable-pip-version-check --prefer-binary
EXPLAIN := || { echo; echo "Installing failed; the reason stands above. Without a network nothing can be"; \
	echo "installed. If a compiler was asked for, this Python or machine has no ready-made package:"; \
	echo "use Python 3.11 to 3.13 (make run PYTHON=python3.12) on 64-bit Linux or macOS."; exit 1; }

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Naevus needs Python 3.11 or later; $(PYTHON) is older or missing. Try: make run PYTHON=python3.12"; exit 1; }
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv module is incomplete. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/web-and-worker: requirements/base.txt requirements/web.txt requirements/worker.txt requirements/local.txt requirements/constraints.txt | .venv/bin/python
	@echo "Installing web server and worker (about a minute the first time) …"
	$(INSTALL) -r requirements/web.txt -r requirements/worker.txt -r requirements/local.txt $(EXPLAIN)
	@touch $@

.venv/dev: requirements/dev.txt requirements/ml.txt .venv/web-and-worker
	@echo "Installing what training and the tests need; torch is large …"
	$(INSTALL) torch==2.13.0 $(EXPLAIN)
	$(INSTALL) -r requirements/dev.txt $(EXPLAIN)
	@touch $@
