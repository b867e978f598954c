// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of values of the vectors, which fit.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {VectorTest} from "./VectorTest.sol";

// test/vectors/cuts.json, which test/chain/boxCuts.test.ts reads too
// ├── parts: what partsOf answers along each axis, or by which error it refuses
// ├── realised: what previewRealise pays and leaves, or by which error it refuses
// └── bounds: what boundsOf answers
contract LedgerCutVectorsTest is VectorTest {
    function setUp() public override {
        super.setUp();
        json = vm.readFile("test/vectors/cuts.json");
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
        registerWorld(world);
        pokeWorld(world);
        _checkParts(string.concat(world, ".parts"));
        _checkRealised(string.concat(world, ".realised"));
        _checkBounds(string.concat(world, ".bounds"));
    }

    function _checkParts(string memory at) private view {
        bytes32[] memory wholes = words(at, ".whole");
        bytes32[] memory firsts = words(at, ".first");
        bytes32[] memory seconds_ = words(at, ".second");
        uint256[] memory axes = uints(at, ".axis");
        uint256[] memory cuts = uints(at, ".at");
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
        bytes32[] memory ids = words(at, ".id");
        bytes32[] memory rests = words(at, ".rest");
        uint256[] memory untils = uints(at, ".until");
        uint256[] memory quantities = uints(at, ".quantity");
        uint256[] memory cashes = uints(at, ".cash");
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
        bytes32[] memory ids = words(at, ".id");
        uint256[] memory leasts = uints(at, ".least");
        uint256[] memory mosts = uints(at, ".most");
        assertGt(ids.length, 10);
        for (uint256 i = 0; i < ids.length; i++) {
            (uint256 least, uint256 most) = ledger.boundsOf(BoxId.wrap(uint256(ids[i])));
            assertEq(least, leasts[i]);
            assertEq(most, mosts[i]);
        }
    }

    function _names(string memory at) private view returns (string[] memory) {
        return vm.parseJsonStringArray(json, string.concat(at, ".error"));
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
