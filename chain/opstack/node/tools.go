//go:build tools

// Package tools names the programs of the engine, so that go.sum covers all that they are built from.
package tools

import (
	_ "github.com/ethereum-optimism/optimism/op-batcher/cmd"
	_ "github.com/ethereum-optimism/optimism/op-node/cmd"
	_ "github.com/ethereum/go-ethereum/cmd/geth"
)
