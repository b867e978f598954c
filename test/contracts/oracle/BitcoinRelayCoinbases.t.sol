// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {BitcoinRelayTest} from "./BitcoinRelayTest.sol";

// proveCoinbases
// ├── when checkpoint, group or the number of other groups is wrong → reverts
// ├── when the group is proven under these medians → reverts GroupAlreadyProven
// ├── when a coinbase is of another block, or another group's hash is wrong → reverts RootsNotCommitted
// ├── when bytes are missing or left → reverts ProofsMalformed
// ├── when the branch is longer than any block's → reverts BranchTooLong
// ├── when the coinbase
// │   ├── could be a node of the tree → reverts CoinbaseTooShort
// │   ├── has not one input that spends nothing → reverts NotACoinbase
// │   ├── does not begin with its height → reverts HeightMissing
// │   ├── is cut off, goes on, or has a length that is not the shortest → reverts CoinbaseMalformed
// │   └── pays more than there is → reverts PaidTooMuch
// └── otherwise → adds what each block paid, as it is and capped, and counts it below or at the median
contract BitcoinRelayCoinbasesTest is BitcoinRelayTest {
    /* COUNTING */

    function testFuzz_proveCoinbases_countsEachBlock(
        uint64[15] memory paid,
        uint64 medianFee,
        uint64 previous,
        uint8 like
    ) public {
        Mined[] memory chain = new Mined[](15);
        bytes32 parent = GENESIS;
        for (uint32 i = 0; i < 15; i++) {
            uint256 amount = paid[i] % 21e14;
            if (i % 3 == 0) amount = amount % (SUBSIDY * 2);
            chain[i] = mine(parent, GENESIS_HEIGHT + 1 + i, MIDNIGHT + 240 + i, amount);
            parent = chain[i].hash;
        }
        // At times the median is one of the fees.
        if (like < 128) medianFee = uint64(chain[like % 15].fees);
        relay.addHeaders(GENESIS, headersOf(chain));
        proveBatch(chain, medianFee, previous);

        _checkSums(chain, medianFee, previous);
        IBitcoinRelay.Accumulator memory other = relay.accumulatorOf(parent, medianFee, uint128(previous) + 1);
        assertEq(other.groups, 0);
    }

    function _checkSums(Mined[] memory chain, uint128 medianFee, uint128 previous) private view {
        IBitcoinRelay.Accumulator memory sum =
            relay.accumulatorOf(chain[chain.length - 1].hash, medianFee, previous);
        uint256 cap = 3 * uint256(medianFee > previous ? medianFee : previous);
        uint256[5] memory model;
        for (uint256 i = 0; i < chain.length; i++) {
            uint256 fees = chain[i].fees;
            model[0] += chain[i].subsidy;
            model[1] += fees;
            model[2] += cap > 0 && fees > cap ? cap : fees;
            if (fees < medianFee) model[3]++;
            if (fees == medianFee) model[4]++;
        }
        assertEq(sum.groups, 3);
        assertEq(sum.subsidy, model[0]);
        assertEq(sum.fees, model[1]);
        assertEq(sum.cappedFees, model[2]);
        assertEq(sum.below, model[3]);
        assertEq(sum.at, model[4]);
    }

    /* WHICH GROUP */

    function test_proveCoinbases_revertsIfItIsNoGroup() public {
        Mined[] memory chain = _relayed(15);
        bytes32 top = chain[14].hash;
        bytes32[] memory others = otherHashes(chain, 1);
        bytes memory proofs = proofsOf(chain, 1);

        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.UnknownCheckpoint.selector, chain[13].hash));
        relay.proveCoinbases(chain[13].hash, 1, 0, 0, others, proofs);
        for (uint256 group = 2; group < 300; group += 37) {
            vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.NoSuchGroup.selector, group, 2));
            relay.proveCoinbases(top, group, 0, 0, others, proofs);
        }
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.NoSuchGroup.selector, 0, 0));
        relay.proveCoinbases(GENESIS, 0, 0, 0, others, proofs);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.WrongGroupHashCount.selector, 0, 1));
        relay.proveCoinbases(top, 1, 0, 0, new bytes32[](0), proofs);
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.WrongGroupHashCount.selector, 2, 1));
        relay.proveCoinbases(top, 1, 0, 0, new bytes32[](2), proofs);
        others[0] = bytes32(uint256(others[0]) ^ 1);
        vm.expectPartialRevert(IBitcoinRelay.RootsNotCommitted.selector);
        relay.proveCoinbases(top, 1, 0, 0, others, proofs);
    }

    function test_proveCoinbases_countsAGroupOnce() public {
        Mined[] memory chain = _relayed(15);
        proveBatch(chain, 7, 9);
        for (uint256 group = 0; group < 2; group++) {
            bytes32[] memory others = otherHashes(chain, group);
            bytes memory proofs = proofsOf(chain, group);
            vm.expectRevert(
                abi.encodeWithSelector(IBitcoinRelay.GroupAlreadyProven.selector, chain[14].hash, group)
            );
            relay.proveCoinbases(chain[14].hash, group, 7, 9, others, proofs);
        }
        // Another claim has an accumulator of its own.
        proveBatch(chain, 9, 7);
    }

    /* BYTES */

    function testFuzz_proveCoinbases_revertsIfAByteIsAnother(uint16 at, uint8 by) public {
        Mined[] memory chain = _relayed(3);
        bytes memory proofs = proofsOf(chain, 0);
        at = uint16(at % proofs.length);
        proofs[at] ^= bytes1(uint8(by % 255 + 1));
        vm.expectRevert();
        relay.proveCoinbases(chain[2].hash, 0, 0, 0, new bytes32[](0), proofs);
    }

    function testFuzz_proveCoinbases_revertsIfCutOrLonger(uint16 length) public {
        Mined[] memory chain = _relayed(3);
        bytes memory proofs = proofsOf(chain, 0);
        uint256 whole = proofs.length;
        length = uint16(bound(length, 0, whole - 1));
        bytes memory longer = abi.encodePacked(proofs, new bytes(length % 50 + 1));
        vm.expectRevert(abi.encodeWithSelector(IBitcoinRelay.ProofsMalformed.selector, whole, longer.length));
        relay.proveCoinbases(chain[2].hash, 0, 0, 0, new bytes32[](0), longer);
        assembly ("memory-safe") {
            mstore(proofs, length)
        }
        vm.expectPartialRevert(IBitcoinRelay.ProofsMalformed.selector);
        relay.proveCoinbases(chain[2].hash, 0, 0, 0, new bytes32[](0), proofs);
    }

    function test_proveCoinbases_revertsIfTheOrderIsAnother() public {
        Mined[] memory chain = _relayed(2);
        bytes memory proofs = abi.encodePacked(chain[1].proof, chain[0].proof);
        vm.expectRevert(
            abi.encodeWithSelector(IBitcoinRelay.HeightMissing.selector, 0, uint256(GENESIS_HEIGHT) + 1)
        );
        relay.proveCoinbases(chain[1].hash, 0, 0, 0, new bytes32[](0), proofs);
    }

    /* FORMS */

    /// @dev A block with this coinbase, whose header commits to it, at the height after the genesis.
    /// @param revertsWith An error, the selector of one, or nothing when it is counted.
    function _prove(bytes memory coinbase, uint256 depth, bytes memory revertsWith) private {
        bytes32[] memory branch = branchOf(depth);
        Mined memory mined = mineWith(GENESIS, 0, MIDNIGHT + 240, EASY_BITS, coinbase, branch, 0);
        relay.addHeaders(GENESIS, mined.header);
        if (revertsWith.length == 4) vm.expectPartialRevert(bytes4(revertsWith));
        else if (revertsWith.length > 4) vm.expectRevert(revertsWith);
        relay.proveCoinbases(mined.hash, 0, 0, 0, new bytes32[](0), mined.proof);
        if (revertsWith.length > 0) return;
        IBitcoinRelay.Accumulator memory sum = relay.accumulatorOf(mined.hash, 0, 0);
        assertEq(sum.groups, 1);
        assertEq(sum.subsidy + sum.fees, _paid);
    }

    uint256 private _paid;

    function _script() private pure returns (bytes memory) {
        return abi.encodePacked(heightPush(GENESIS_HEIGHT + 1), "/hashsand/");
    }

    function _output(uint256 value, bytes memory script) private pure returns (bytes memory) {
        return abi.encodePacked(little8(value), _compactSize(script.length), script);
    }

    function _compactSize(uint256 value) private pure returns (bytes memory) {
        if (value < 0xfd) return abi.encodePacked(uint8(value));
        if (value <= 0xffff) return abi.encodePacked(uint8(0xfd), uint8(value), uint8(value >> 8));
        return abi.encodePacked(uint8(0xfe), little4(value));
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_proveCoinbases_readsAnyOutputs(uint16 count, uint256 seed) public {
        count = uint16(bound(count, 1, seed % 5 == 0 ? 300 : 8));
        bytes memory outputs = _compactSize(count);
        for (uint256 i = 0; i < count; i++) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            uint256 value = random % 1e12;
            _paid += value;
            uint256 length = (random >> 64) % (count > 8 ? 4 : random % 7 == 0 ? 600 : 90);
            outputs = abi.encodePacked(outputs, _output(value, new bytes(length)));
        }
        _prove(coinbaseWith(_script(), outputs), seed % 16, "");
    }

    /// @dev As long as a block may be. It would not fit a transaction here; a contract that puts it together can send it.
    function test_proveCoinbases_readsTheLongest() public {
        _paid = 5e8;
        bytes memory outputs = abi.encodePacked(uint8(1), _output(5e8, new bytes(999_000)));
        _prove(coinbaseWith(_script(), outputs), 3, "");
    }

    function test_proveCoinbases_readsAScriptOf100Bytes() public {
        bytes memory long = abi.encodePacked(_script(), new bytes(100 - _script().length));
        _prove(coinbaseWith(long, abi.encodePacked(uint8(1), _output(0, new bytes(9)))), 0, "");
    }

    function test_proveCoinbases_revertsIfTheScriptIsLonger() public {
        bytes memory longer = abi.encodePacked(_script(), new bytes(101 - _script().length));
        bytes memory coinbase = coinbaseWith(longer, abi.encodePacked(uint8(1), _output(0, new bytes(9))));
        _prove(coinbase, 0, abi.encodeWithSelector(IBitcoinRelay.NotACoinbase.selector, 0));
    }

    function test_proveCoinbases_takesADepthOf15() public {
        _paid = 5e8;
        _prove(coinbaseOf(GENESIS_HEIGHT + 1, 5e8), 15, "");
    }

    function test_proveCoinbases_revertsIfDeeper() public {
        bytes memory expected = abi.encodeWithSelector(IBitcoinRelay.BranchTooLong.selector, 0, 16, 15);
        _prove(coinbaseOf(GENESIS_HEIGHT + 1, 5e8), 16, expected);
    }

    function test_proveCoinbases_revertsIf64BytesOrLess() public {
        bytes memory script = heightPush(GENESIS_HEIGHT + 1);
        bytes memory coinbase = coinbaseWith(script, abi.encodePacked(uint8(1), _output(1, "")));
        assertEq(coinbase.length, 64);
        _prove(coinbase, 2, abi.encodeWithSelector(IBitcoinRelay.CoinbaseTooShort.selector, 0, 64, 65));
    }

    function test_proveCoinbases_takes65Bytes() public {
        _paid = 1;
        bytes memory script = heightPush(GENESIS_HEIGHT + 1);
        _prove(coinbaseWith(script, abi.encodePacked(uint8(1), _output(1, new bytes(1)))), 2, "");
    }

    function testFuzz_proveCoinbases_revertsIfItSpends(uint8 at, uint8 by) public {
        bytes memory coinbase = coinbaseOf(GENESIS_HEIGHT + 1, 5e8);
        // The number of inputs, the txid and the index.
        coinbase[4 + at % 37] ^= bytes1(by % 255 + 1);
        _prove(coinbase, 1, abi.encodeWithSelector(IBitcoinRelay.NotACoinbase.selector, 0));
    }

    function testFuzz_proveCoinbases_revertsIfHeightIsAnother(uint32 height) public {
        vm.assume(height != GENESIS_HEIGHT + 1);
        bytes memory expected =
            abi.encodeWithSelector(IBitcoinRelay.HeightMissing.selector, 0, uint256(GENESIS_HEIGHT) + 1);
        _prove(coinbaseOf(height, 5e8), 1, expected);
    }

    function test_proveCoinbases_revertsIfHeightIsNotInItsShortestForm() public {
        uint256 height = GENESIS_HEIGHT + 1;
        bytes memory script = abi.encodePacked(
            uint8(4), uint8(height), uint8(height >> 8), uint8(height >> 16), uint8(0), "tag"
        );
        bytes memory outputs = abi.encodePacked(uint8(1), _output(5, new bytes(30)));
        _prove(
            coinbaseWith(script, outputs),
            1,
            abi.encodeWithSelector(IBitcoinRelay.HeightMissing.selector, 0, height)
        );
    }

    function test_proveCoinbases_revertsIfTheHeightGoesBeyondTheScript() public {
        bytes memory push = heightPush(GENESIS_HEIGHT + 1);
        bytes memory script = abi.encodePacked(push[0], push[1], push[2]);
        bytes memory outputs = abi.encodePacked(uint8(1), _output(5, new bytes(30)));
        bytes memory coinbase = coinbaseWith(script, outputs);
        // What follows the script reads like the rest of the height.
        coinbase[45] = push[3];
        bytes memory expected =
            abi.encodeWithSelector(IBitcoinRelay.HeightMissing.selector, 0, uint256(GENESIS_HEIGHT) + 1);
        _prove(coinbase, 1, expected);
    }

    function test_proveCoinbases_revertsIfALengthIsNotTheShortest() public {
        bytes memory output = _output(5, new bytes(30));
        bytes memory value = abi.encodePacked(little8(5));
        bytes[5] memory wrong = [
            abi.encodePacked(hex"fd0100", output),
            abi.encodePacked(hex"fe01000000", output),
            abi.encodePacked(hex"ff0100000000000000", output),
            abi.encodePacked(uint8(1), value, hex"fdfc00", new bytes(0xfc)),
            abi.encodePacked(uint8(1), value, hex"feffff0000", new bytes(0xffff))
        ];
        for (uint256 i = 0; i < wrong.length; i++) {
            // Behind script and sequence, or behind count and value.
            uint256 cursor = 42 + _script().length + 4 + (i < 3 ? 0 : 9);
            uint256 snapshot = vm.snapshotState();
            _prove(
                coinbaseWith(_script(), wrong[i]),
                1,
                abi.encodeWithSelector(IBitcoinRelay.CoinbaseMalformed.selector, 0, cursor)
            );
            vm.revertToState(snapshot);
        }
    }

    function testFuzz_proveCoinbases_revertsIfTheCoinbaseIsCutOrGoesOn(uint8 off) public {
        bytes memory whole = coinbaseOf(GENESIS_HEIGHT + 1, 5e8);
        bytes memory longer = abi.encodePacked(whole, new bytes(off % 40 + 1));
        uint256 snapshot = vm.snapshotState();
        _prove(longer, 1, abi.encodeWithSelector(IBitcoinRelay.CoinbaseMalformed.selector, 0, whole.length));
        vm.revertToState(snapshot);
        bytes memory cut = new bytes(bound(off, 65, whole.length - 1));
        for (uint256 i = 0; i < cut.length; i++) {
            cut[i] = whole[i];
        }
        // Where it stops depends on the bytes of the branch that are read for its own.
        _prove(cut, 1, abi.encodePacked(IBitcoinRelay.CoinbaseMalformed.selector));
    }

    /// @dev A count that no coinbase could hold ends where the bytes do, not where the gas does.
    function test_proveCoinbases_revertsIfMoreOutputsAreNamedThanThere() public {
        bytes memory outputs = abi.encodePacked(hex"feffffffff", _output(5, new bytes(30)));
        bytes32[] memory branch = branchOf(0);
        bytes memory coinbase = coinbaseWith(_script(), outputs);
        Mined memory mined = mineWith(GENESIS, 0, MIDNIGHT + 240, EASY_BITS, coinbase, branch, 0);
        relay.addHeaders(GENESIS, mined.header);
        vm.expectPartialRevert(IBitcoinRelay.CoinbaseMalformed.selector);
        relay.proveCoinbases{gas: 200_000}(mined.hash, 0, 0, 0, new bytes32[](0), mined.proof);
    }

    function test_proveCoinbases_revertsIfItPaysMoreThanThereIs() public {
        uint256 most = 21e14 + SUBSIDY;
        uint256 snapshot = vm.snapshotState();
        _paid = most;
        _prove(coinbaseOf(GENESIS_HEIGHT + 1, most), 1, "");
        vm.revertToState(snapshot);
        bytes memory expected = abi.encodeWithSelector(IBitcoinRelay.PaidTooMuch.selector, 0, most + 1, most);
        _prove(coinbaseOf(GENESIS_HEIGHT + 1, most + 1), 1, expected);
    }

    function _relayed(uint256 count) private returns (Mined[] memory chain) {
        chain = chainOf(count, 1, 1);
        relay.addHeaders(GENESIS, headersOf(chain));
    }
}
