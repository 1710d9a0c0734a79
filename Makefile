# make help shows what there is.
SHELL := /bin/sh
MACHINE_PATH := $(PATH)
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
NODE_MODULES := node_modules/.package-lock.json
CLUSTER_TOOL := node tools/cluster/main.ts

.PHONY: help
help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# npm of the machine, with the machine's own Node: the one in node_modules is about to be replaced.
$(NODE_MODULES): package-lock.json
	PATH="$(MACHINE_PATH)" npm ci
	@touch $@

.PHONY: preflight
preflight:
	@sh tools/preflight.sh

# Nothing is fetched or built on a machine that lacks something.
.PHONY: ready
ready: preflight
	@$(MAKE) --no-print-directory --silent $(NODE_MODULES)

.PHONY: cluster-up cluster-down programs cluster-images
cluster-up: ready ## a Kubernetes of NODES=3 nodes (1 to 5), or the one that is up, healed; CLUSTER=kind for one of kind, without demo and tests
	@$(CLUSTER_TOOL) up $(if $(NODES),--nodes $(NODES)) $(if $(CLUSTER),--engine $(CLUSTER))
cluster-down: ready ## end the cluster; programs and images stay
	@$(CLUSTER_TOOL) down
programs: ready ## build the programs of cluster and tests into .cluster/bin, without a cluster
	@$(CLUSTER_TOOL) programs
cluster-images: $(NODE_MODULES) ## put every tar of .cluster/images on every node
	@$(CLUSTER_TOOL) images

.PHONY: images base-image
images: ready ## the driver's image in .cluster/images, by buildah; BASE=docker.io/library/node:26-slim where that is reached
	@sh tools/preflight.sh buildah=buildah $(if $(BASE),,debootstrap=debootstrap)
	@node tools/images/main.ts driver $(if $(BASE),--base $(BASE))
base-image: ready ## a base for it from this machine's package sources and npm, once, into the cache
	@sh tools/preflight.sh buildah=buildah debootstrap=debootstrap
	@node tools/images/main.ts base

.PHONY: node-kill node-start node-partition node-heal node-shell
node-kill: $(NODE_MODULES) ## cut the power of NODE=node1
	@$(CLUSTER_TOOL) node-kill $(NODE)
node-start: $(NODE_MODULES) ## give NODE=node1 its power back
	@$(CLUSTER_TOOL) node-start $(NODE)
node-partition: $(NODE_MODULES) ## cut NODE=node1 off, or only FROM=node2, or only one WAY=in|out
	@$(CLUSTER_TOOL) node-partition $(NODE) $(if $(FROM),--from $(FROM)) $(if $(WAY),--way $(WAY))
node-heal: $(NODE_MODULES) ## take back node-partition of NODE=node1, or only what was cut FROM=node2
	@$(CLUSTER_TOOL) node-heal $(NODE) $(if $(FROM),--from $(FROM))
node-shell: $(NODE_MODULES) ## a shell inside NODE=node1
	@$(CLUSTER_TOOL) exec $(NODE)

.PHONY: audit manifests
audit: $(NODE_MODULES) ## known holes in the packages of the image; asks the npm registry, which has to answer audits
	@npm audit --omit=dev
manifests: $(NODE_MODULES) ## dist/syncthing-csi.yaml for kubectl apply; VALUES=file NAMESPACE=syncthing-csi; needs helm
	@node tools/manifests/main.ts $(if $(NAMESPACE),--namespace $(NAMESPACE)) $(if $(VALUES),--values $(VALUES))

.PHONY: deploy deploy-attach undeploy demo test bench chaos chaos-mutants
deploy: cluster-up images cluster-images ## install the driver on the local cluster from its chart
	@node tools/deploy/main.ts
deploy-attach: cluster-up images cluster-images ## the same with Kubernetes' attach step; only while no pod uses a volume
	@ATTACH=true node tools/deploy/main.ts
undeploy: $(NODE_MODULES) ## uninstall the driver; data and resources stay
	@node tools/deploy/main.ts remove
demo: deploy ## a volume that survives its node
	@node tools/demo/main.ts
test: ready ## lint, types, unit, integration, sanity and end-to-end tests; TIER=unit for one of them
	@sh tools/preflight.sh python3=python3
	@node tools/test/main.ts $(TIER)
bench: deploy ## measure, and write bench/RESULTS.md
	@sh tools/preflight.sh fio=fio
	@node bench/image/main.ts
	@$(CLUSTER_TOOL) images
	@node bench/main.ts
chaos: deploy ## break everything while pods write: ROUNDS=5 SEED=1 PROFILE=short|usual|full REPORT=file.json ONLY=kill-node
	@node --experimental-ffi test/chaos/main.ts run $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(FIRST),--first $(FIRST)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(PROFILE),--profile $(PROFILE)) $(if $(ONLY),--only $(ONLY)) $(if $(REPORT),--report $(REPORT))
chaos-mutants: deploy ## proof that chaos can fail: the driver with one rule broken, each until it is caught; ROUNDS=20 MUTANTS="no-epoch-check"
	@node test/chaos/mutants/main.ts $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SEED),--seed $(SEED)) $(if $(PROFILE),--profile $(PROFILE)) $(MUTANTS)
