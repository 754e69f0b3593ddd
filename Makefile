# Two commands do everything on a fresh Debian or Ubuntu machine: `make run` and `make test`.
# Both stand on `make setup`, which leaves the program at .venv/bin/pix2live.

.PHONY: run test setup setup-test check bench clean

run: setup
	.venv/bin/pix2live $(ARGS)

# The kernels first, on all cores: one test after the other would compile them on one.
test: setup-test check
	.venv/bin/python -m pix2live.engine.warm
	.venv/bin/pytest $(ARGS)

check:
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup-test
	.venv/bin/python -m tools.bench

setup:
	@sh tools/setup.sh run

setup-test:
	@sh tools/setup.sh test

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
