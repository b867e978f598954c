//go:build tools

// Package tools names the program of the engine, so that go.sum covers all that it is built from.
package tools

import (
	_ "github.com/ethereum-optimism/optimism/op-proposer/cmd"
)
