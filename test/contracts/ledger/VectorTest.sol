// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of values of the vectors, which fit.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Ledger} from "../../../contracts/ledger/Ledger.sol";
import {BaseTest} from "../BaseTest.sol";

/// @notice Reads a file of test/vectors, whose worlds are an index each.
abstract contract VectorTest is BaseTest {
    string internal json;

    /// @dev A fresh ledger: the boxes of the vectors are of its index 1.
    function registerWorld(string memory world) internal {
        ledger = new Ledger();
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = uint64(vm.parseJsonUint(json, string.concat(world, ".tick")));
        terms.firstEpoch = uint24(vm.parseJsonUint(json, string.concat(world, ".firstEpoch")));
        uint256[] memory caps = uints(world, ".caps");
        terms.caps = new uint64[](caps.length);
        for (uint256 k = 0; k < caps.length; k++) {
            terms.caps[k] = uint64(caps[k]);
        }
        index = ledger.register(terms);
        assertEq(index, 1);
    }

    /// @dev Day by day, all that the world says.
    function pokeWorld(string memory world) internal {
        uint256 components = uints(world, ".caps").length;
        uint256[] memory rewards = uints(world, ".rewards");
        uint24 day = ledger.pokedUntil(index);
        for (uint256 at = 0; at < rewards.length; at += components) {
            uint256[] memory ofDay = new uint256[](components);
            for (uint256 k = 0; k < components; k++) {
                ofDay[k] = rewards[at + k];
            }
            source.set(BTC, day, ofDay);
            assertEq(ledger.poke(index), day++);
        }
    }

    function uints(string memory at, string memory field) internal view returns (uint256[] memory) {
        return vm.parseJsonUintArray(json, string.concat(at, field));
    }

    function words(string memory at, string memory field) internal view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(json, string.concat(at, field));
    }
}
