// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {IProvenDays} from "../../../contracts/interfaces/IProvenDays.sol";
import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {BitcoinRelay} from "../../../contracts/oracle/BitcoinRelay.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {BitcoinRelayTest} from "./BitcoinRelayTest.sol";

/// @notice Takes days and keeps nothing: what they cost where they are kept is that contract's budget.
contract SilentProvenDays is IProvenDays {
    function prove(uint32, uint24, Totals calldata) external {}

    function proveEmpty(uint32, uint24) external {}
}

// Budgets, in gas of a whole transaction: storage is cold, the 21,000 and the calldata are counted, and where the floor of
// EIP-7623 is more, it counts. A day of 144 blocks, with coinbases of 356 bytes in blocks of 4,096 transactions.
// addHeaders ── 144, 36, 6, 1
// proveCoinbases ── 12 of 144, the first and the following groups
// closeDay ── of one batch, of twelve; what the reward index does with the day is beside the relay's own
// all of a day, the writing of the reward index included
contract BitcoinRelayGasTest is BitcoinRelayTest {
    uint256 private constant BLOCKS = 144;
    uint32 private constant SECONDS = 620;

    uint256 private _day;

    function setUp() public override {
        super.setUp();
        _deployOn(address(new SilentProvenDays()));
    }

    /// forge-config: default.isolate = true
    function test_day_withinBudget() public {
        IRewardIndex.NetworkConfig[] memory networks = new IRewardIndex.NetworkConfig[](1);
        networks[0] = networkProvenBy(
            vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1), makeAddr("signer")
        );
        IRewardIndex.Clock memory clock = IRewardIndex.Clock(FIRST_DAY, MIDNIGHT, DAY);
        _deployOn(address(new RewardIndex(clock, address(this), networks)));
        Mined[] memory chain = _realistic();
        Mined[] memory blocks = slice(chain, 0, BLOCKS);
        bytes32 last = blocks[BLOCKS - 1].hash;
        bytes memory headers = headersOf(blocks);
        relay.addHeaders(GENESIS, headers);
        _day += _within("headers, 144", abi.encodeCall(relay.addHeaders, (GENESIS, headers)), 144 * 3500);

        uint128 medianFee = lowerMedianFee(blocks);
        for (uint256 g = 0; g < 12; g++) {
            bytes memory proofs = proofsOf(blocks, g);
            bytes32[] memory others = otherHashes(blocks, g);
            relay.proveCoinbases(last, g, medianFee, 0, others, proofs);
            bytes memory data = abi.encodeCall(relay.proveCoinbases, (last, g, medianFee, 0, others, proofs));
            _day += _within(g == 0 ? "coinbases, first 12" : "coinbases, next 12", data, 12 * 30_000);
        }

        relay.addHeaders(last, headersOf(chain, BLOCKS, chain.length));
        relay.closeDay(FIRST_DAY, last, medianFee);
        _day += _within("close a day of one batch, into the index", "", 145_000);
        emit log_named_uint("gas | a day of 144 blocks | 4900000 ", _day);
        assertLe(_day, 4_900_000);
    }

    /// forge-config: default.isolate = true
    function test_addHeaders_withinBudget_ofFewer() public {
        Mined[] memory chain = _realistic();
        uint256[3] memory counts = [uint256(36), 6, 1];
        uint256[3] memory budgets = [uint256(260_000), 195_000, 185_000];
        bytes32 parent = GENESIS;
        uint256 from = 0;
        // Each batch after one of the same day, as when they come during it.
        for (uint256 i = 0; i < counts.length; i++) {
            bytes memory headers = headersOf(chain, from, from + counts[i]);
            relay.addHeaders(parent, headers);
            bytes memory data = abi.encodeCall(relay.addHeaders, (parent, headers));
            _within(string.concat("headers, ", vm.toString(counts[i])), data, budgets[i]);
            from += counts[i];
            parent = chain[from - 1].hash;
        }
    }

    /// forge-config: default.isolate = true
    function test_closeDay_withinBudget_ofOneBatch() public {
        Mined[] memory chain = _realistic();
        Mined[] memory blocks = slice(chain, 0, BLOCKS);
        uint128 medianFee = lowerMedianFee(blocks);
        bytes32 last = blocks[BLOCKS - 1].hash;
        relay.addHeaders(GENESIS, headersOf(blocks));
        proveBatch(blocks, medianFee, 0);
        relay.addHeaders(last, headersOf(chain, BLOCKS, chain.length));
        relay.closeDay(FIRST_DAY, last, medianFee);
        _within("close a day of one batch", "", 55_000);
    }

    /// forge-config: default.isolate = true
    function test_closeDay_withinBudget_ofTwelveBatches() public {
        Mined[] memory chain = _realistic();
        Mined[] memory blocks = slice(chain, 0, BLOCKS);
        uint128 medianFee = lowerMedianFee(blocks);
        bytes32 parent = GENESIS;
        for (uint256 i = 0; i < BLOCKS; i += 12) {
            Mined[] memory batch = slice(blocks, i, i + 12);
            relay.addHeaders(parent, headersOf(batch));
            proveBatch(batch, medianFee, 0);
            parent = batch[11].hash;
        }
        relay.addHeaders(parent, headersOf(chain, BLOCKS, chain.length));
        relay.closeDay(FIRST_DAY, parent, medianFee);
        _within("close a day of twelve batches", "", 145_000);
    }

    function _deployOn(address rewardIndex) private {
        IBitcoinRelay.Parameters memory chosen = parameters();
        chosen.rewardIndex = rewardIndex;
        relay = new BitcoinRelay(chosen);
    }

    function _realistic() private view returns (Mined[] memory chain) {
        chain = new Mined[](BLOCKS + 6);
        bytes32 parent = GENESIS;
        bytes32[] memory branch = branchOf(12);
        for (uint32 i = 0; i < chain.length; i++) {
            uint32 height = GENESIS_HEIGHT + 1 + i;
            uint256 paid = SUBSIDY + uint256(keccak256(abi.encode(i))) % 40e6;
            bytes memory coinbase = _coinbaseOf356(height, paid);
            chain[i] =
                mineWith(parent, height, MIDNIGHT + 240 + i * SECONDS, EASY_BITS, coinbase, branch, paid);
            parent = chain[i].hash;
        }
        uint24[] memory found = daysOf(genesisTimes, chain);
        assertEq(found[BLOCKS - 1], FIRST_DAY);
        assertEq(found[BLOCKS], FIRST_DAY + 1);
    }

    /// @dev A pool's tag and nonces, its payment, the commitment to the witnesses and two of other chains.
    function _coinbaseOf356(uint256 height, uint256 paid) private pure returns (bytes memory coinbase) {
        bytes memory script = abi.encodePacked(heightPush(height), _noise(96));
        bytes memory outputs = abi.encodePacked(
            uint8(4),
            abi.encodePacked(little8(paid), uint8(22), _noise(22)),
            abi.encodePacked(little8(0), uint8(38), _noise(38)),
            abi.encodePacked(little8(0), uint8(64), _noise(64)),
            abi.encodePacked(little8(0), uint8(45), _noise(45))
        );
        coinbase = coinbaseWith(script, outputs);
        assertEq(coinbase.length, 356);
    }

    /// @dev One byte in six is zero: with those of its form, the coinbase has as large a part of them as recorded ones have.
    function _noise(uint256 length) private pure returns (bytes memory noise) {
        noise = new bytes(length);
        for (uint256 i = 0; i < length; i++) {
            if (i % 6 != 0) noise[i] = bytes1(uint8(i));
        }
    }

    function _within(string memory what, bytes memory data, uint256 budget) private returns (uint256 used) {
        used = vm.lastCallGas().gasTotalUsed;
        uint256 floor = 21_000;
        for (uint256 i = 0; i < data.length; i++) {
            floor += data[i] == 0 ? 10 : 40;
        }
        if (floor > used) used = floor;
        // The bench reads these lines.
        emit log_named_uint(string.concat("gas | ", what, " | ", vm.toString(budget), " "), used);
        assertLe(used, budget, what);
    }
}
