// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId} from "../../../contracts/types/BoxId.sol";
import {VectorTest} from "./VectorTest.sol";

// test/vectors/box.json, which test/chain/box.test.ts reads too
// ├── golden, tiny, three, eight: prefix sums, ids, mirrors, tops, what escrow takes, what merge, redeem and realise give;
// │   by the views and by the verbs
// └── invalid: what the ledger refuses, and by which error
contract LedgerVectorsTest is VectorTest {
    function setUp() public override {
        super.setUp();
        json = vm.readFile("test/vectors/box.json");
    }

    function test_vectors_golden() public {
        _check(".golden");
    }

    function test_vectors_tiny() public {
        _check(".tiny");
    }

    function test_vectors_three() public {
        _check(".three");
    }

    function test_vectors_eight() public {
        _check(".eight");
    }

    function test_vectors_invalid() public {
        registerWorld(".golden");
        bytes32[] memory ids = vm.parseJsonBytes32Array(json, ".invalid.id");
        string[] memory errors = vm.parseJsonStringArray(json, ".invalid.error");
        assertGt(ids.length, 20);
        for (uint256 i = 0; i < ids.length; i++) {
            try ledger.topTicksOf(BoxId.wrap(uint256(ids[i]))) {
                assertTrue(false, errors[i]);
            } catch (bytes memory reason) {
                assertEq(bytes4(reason), _selectorOf(errors[i]), errors[i]);
            }
        }
    }

    function _check(string memory world) private {
        registerWorld(world);
        pokeWorld(world);
        _checkSums(world);
        uint256[] memory starts = uints(world, ".boxes.start");
        assertGt(starts.length, 10);
        for (uint256 i = 0; i < starts.length; i++) {
            _checkBox(string.concat(world, ".boxes"), i);
        }
    }

    function _checkSums(string memory world) private view {
        uint256 components = uints(world, ".caps").length;
        uint256[] memory sums = uints(world, ".sums");
        uint24 first = uint24(vm.parseJsonUint(json, string.concat(world, ".firstEpoch")));
        for (uint24 e = 0; e < sums.length / components; e++) {
            for (uint8 k = 0; k < components; k++) {
                assertEq(ledger.prefixSum(index, k, first + e), sums[e * components + k]);
            }
        }
    }

    function _checkBox(string memory boxes, uint256 i) private {
        BoxId id = BoxId.wrap(uint256(words(boxes, ".id")[i]));
        Box memory box = id.unpack();
        assertEq(box.isShort, vm.parseJsonBoolArray(json, string.concat(boxes, ".isShort"))[i]);
        assertEq(box.mask, uints(boxes, ".mask")[i]);
        assertEq(box.start, uints(boxes, ".start")[i]);
        assertEq(box.end, uints(boxes, ".end")[i]);
        assertEq(box.lo, uints(boxes, ".lo")[i]);
        assertEq(box.hi, uints(boxes, ".hi")[i]);
        assertEq(ledger.topTicksOf(id), uints(boxes, ".topTicks")[i]);

        BoxId mirror = ledger.mirrorOf(id);
        assertEq(BoxId.unwrap(mirror), uint256(words(boxes, ".mirror")[i]));
        assertEq(BoxId.unwrap(ledger.mirrorOf(mirror)), BoxId.unwrap(id));

        _useBox(boxes, i, id);
    }

    /// @dev What the views say, and what the verbs then do.
    function _useBox(string memory boxes, uint256 i, BoxId id) private {
        uint128 quantity = uint128(uints(boxes, ".quantity")[i]);
        BoxId long = id.isShort() ? ledger.mirrorOf(id) : id;
        (uint256 taken, uint256 given, uint256 paid) =
            (uints(boxes, ".escrow")[i], uints(boxes, ".merge")[i], uints(boxes, ".payout")[i]);
        assertEq(ledger.previewEscrow(long, quantity), taken);
        assertEq(ledger.previewMerge(long, quantity), given);
        assertEq(ledger.previewRedeem(id, quantity), paid);
        (uint256 least, uint256 most) = ledger.boundsOf(id);
        assertEq(least, most);
        assertEq(most * quantity / 1e36, paid);

        uint256 before = vm.snapshotState();
        _usesVerbs(id, long, quantity, [taken, given, paid]);
        vm.revertToState(before);
    }

    /// @param cash What is taken, given and paid.
    function _usesVerbs(BoxId id, BoxId long, uint128 quantity, uint256[3] memory cash) private {
        fund(miner, cash[0]);
        vm.startPrank(miner);
        if (quantity > type(uint120).max || cash[0] > type(uint96).max) {
            bool supply = quantity > type(uint120).max;
            vm.expectPartialRevert(
                supply ? ILedger.SupplyTooLarge.selector : ILedger.ReserveTooLarge.selector
            );
            ledger.escrow(long, quantity, miner, miner);
            vm.stopPrank();
            return;
        }
        assertEq(ledger.escrow(long, quantity, miner, miner), cash[0]);
        uint256 snapshot = vm.snapshotState();
        assertEq(ledger.merge(long, quantity, buyer), cash[1]);
        vm.revertToState(snapshot);
        assertEq(ledger.redeem(id, quantity, buyer), cash[2]);
        vm.revertToState(snapshot);
        (uint256 realised, BoxId rest) = ledger.realise(id, id.end(), quantity, buyer);
        assertEq(realised, cash[2]);
        assertEq(BoxId.unwrap(rest), 0);
        vm.stopPrank();
    }

    function _selectorOf(string memory name) private pure returns (bytes4) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("MaskOutside")) return ILedger.MaskOutside.selector;
        if (hash == keccak256("IntervalEmpty")) return ILedger.IntervalEmpty.selector;
        if (hash == keccak256("StrikesEmpty")) return ILedger.StrikesEmpty.selector;
        if (hash == keccak256("FloorAboveTop")) return ILedger.FloorAboveTop.selector;
        if (hash == keccak256("NotCanonical")) return ILedger.NotCanonical.selector;
        if (hash == keccak256("TopTooManyTicks")) return ILedger.TopTooManyTicks.selector;
        if (hash == keccak256("MalformedId")) return ILedger.MalformedId.selector;
        if (hash == keccak256("NoSuchIndex")) return ILedger.NoSuchIndex.selector;
        revert(name);
    }
}
