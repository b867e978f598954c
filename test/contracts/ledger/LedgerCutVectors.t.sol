// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of values of the vectors, which fit.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Ledger} from "../../../contracts/ledger/Ledger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

// test/vectors/cuts.json, which test/chain/boxCuts.test.ts reads too
// ├── parts: what partsOf answers along each axis, or by which error it refuses
// ├── realised: what previewRealise pays and leaves, or by which error it refuses
// └── bounds: what boundsOf answers
contract LedgerCutVectorsTest is BaseTest {
    string private _json;

    function setUp() public override {
        super.setUp();
        _json = vm.readFile("test/vectors/cuts.json");
    }

    function test_cutVectors_bitcoin() public {
        _check(".worlds[0]");
    }

    function test_cutVectors_singleUnits() public {
        _check(".worlds[1]");
    }

    function test_cutVectors_threeComponents() public {
        _check(".worlds[2]");
    }

    function test_cutVectors_eightComponents() public {
        _check(".worlds[3]");
    }

    function _check(string memory world) private {
        _register(world);
        _poke(world);
        _checkParts(string.concat(world, ".parts"));
        _checkRealised(string.concat(world, ".realised"));
        _checkBounds(string.concat(world, ".bounds"));
    }

    /// @dev A fresh ledger: the boxes of the vectors are of its index 1.
    function _register(string memory world) private {
        ledger = new Ledger();
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        terms.tick = uint64(vm.parseJsonUint(_json, string.concat(world, ".tick")));
        terms.firstEpoch = uint24(vm.parseJsonUint(_json, string.concat(world, ".firstEpoch")));
        uint256[] memory caps = _uints(world, ".caps");
        terms.caps = new uint64[](caps.length);
        for (uint256 k = 0; k < caps.length; k++) {
            terms.caps[k] = uint64(caps[k]);
        }
        index = ledger.register(terms);
        assertEq(index, 1);
    }

    function _poke(string memory world) private {
        uint256 components = ledger.termsOf(index).caps.length;
        uint256[] memory rewards = _uints(world, ".rewards");
        for (uint256 at = 0; at < rewards.length; at += components) {
            uint256[] memory day = new uint256[](components);
            for (uint256 k = 0; k < components; k++) {
                day[k] = rewards[at + k];
            }
            source.set(BTC, ledger.pokedUntil(index), day);
            ledger.poke(index);
        }
    }

    function _checkParts(string memory at) private view {
        bytes32[] memory wholes = _words(at, ".whole");
        bytes32[] memory firsts = _words(at, ".first");
        bytes32[] memory seconds_ = _words(at, ".second");
        uint256[] memory axes = _uints(at, ".axis");
        uint256[] memory cuts = _uints(at, ".at");
        string[] memory errors = _names(at);
        assertGt(wholes.length, 100);
        for (uint256 i = 0; i < wholes.length; i++) {
            BoxId whole = BoxId.wrap(uint256(wholes[i]));
            try ledger.partsOf(whole, ILedger.Axis(axes[i]), uint64(cuts[i])) returns (BoxId a, BoxId b) {
                assertEq(errors[i], "");
                assertEq(bytes32(BoxId.unwrap(a)), firsts[i]);
                assertEq(bytes32(BoxId.unwrap(b)), seconds_[i]);
            } catch (bytes memory reason) {
                assertEq(bytes4(reason), _selectorOf(errors[i]), errors[i]);
            }
        }
    }

    function _checkRealised(string memory at) private view {
        bytes32[] memory ids = _words(at, ".id");
        bytes32[] memory rests = _words(at, ".rest");
        uint256[] memory untils = _uints(at, ".until");
        uint256[] memory quantities = _uints(at, ".quantity");
        uint256[] memory cashes = _uints(at, ".cash");
        string[] memory errors = _names(at);
        assertGt(ids.length, 50);
        for (uint256 i = 0; i < ids.length; i++) {
            BoxId id = BoxId.wrap(uint256(ids[i]));
            try ledger.previewRealise(id, uint24(untils[i]), uint128(quantities[i])) returns (
                uint256 cash, BoxId rest
            ) {
                assertEq(errors[i], "");
                assertEq(cash, cashes[i]);
                assertEq(bytes32(BoxId.unwrap(rest)), rests[i]);
            } catch (bytes memory reason) {
                assertEq(bytes4(reason), _selectorOf(errors[i]), errors[i]);
            }
        }
    }

    function _checkBounds(string memory at) private view {
        bytes32[] memory ids = _words(at, ".id");
        uint256[] memory leasts = _uints(at, ".least");
        uint256[] memory mosts = _uints(at, ".most");
        assertGt(ids.length, 10);
        for (uint256 i = 0; i < ids.length; i++) {
            (uint256 least, uint256 most) = ledger.boundsOf(BoxId.wrap(uint256(ids[i])));
            assertEq(least, leasts[i]);
            assertEq(most, mosts[i]);
        }
    }

    function _uints(string memory at, string memory field) private view returns (uint256[] memory) {
        return vm.parseJsonUintArray(_json, string.concat(at, field));
    }

    function _words(string memory at, string memory field) private view returns (bytes32[] memory) {
        return vm.parseJsonBytes32Array(_json, string.concat(at, field));
    }

    function _names(string memory at) private view returns (string[] memory) {
        return vm.parseJsonStringArray(_json, string.concat(at, ".error"));
    }

    function _selectorOf(string memory name) private pure returns (bytes4) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("NotFull")) return ILedger.NotFull.selector;
        if (hash == keccak256("CutOutsideMask")) return ILedger.CutOutsideMask.selector;
        if (hash == keccak256("CutOutsideInterval")) return ILedger.CutOutsideInterval.selector;
        if (hash == keccak256("CutOutsideStrikes")) return ILedger.CutOutsideStrikes.selector;
        if (hash == keccak256("RealisedOutside")) return ILedger.RealisedOutside.selector;
        return 0;
    }
}
