// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BitcoinMedianTime} from "../../../contracts/libraries/BitcoinMedianTime.sol";
import {Test} from "forge-std/Test.sol";

// start, move
// ├── over any times that are each after the median before them → the median of the last eleven
// ├── with many that are equal → the same
// └── from a chain's first block on → the upper middle of those that there are
// pack, unpack → the last eleven
contract BitcoinMedianTimeTest is Test {
    uint256 private constant STEPS = 40;

    function testFuzz_move_isTheMedianOfTheLastEleven(
        uint32[11] memory first,
        uint32[40] memory steps,
        uint8 spread
    ) public pure {
        uint256[] memory times = new uint256[](11 + STEPS);
        // A narrow spread makes many equal ones.
        for (uint256 i = 0; i < 11; i++) {
            times[i] = first[i] % (uint256(1) << (spread % 30 + 1));
        }
        (uint256 median, uint256 later) = BitcoinMedianTime.start(times);
        for (uint256 i = 0; i < STEPS; i++) {
            assertEq(median, _middle(times, i, 11));
            times[11 + i] = median + 1 + steps[i] % (uint256(1) << (spread % 25));
            (median, later) = BitcoinMedianTime.move(median, later, times[i], times[11 + i]);
        }
        assertEq(median, _middle(times, STEPS, 11));
    }

    function testFuzz_move_startsAChain(uint32[20] memory steps, uint8 spread) public pure {
        uint256[] memory times = new uint256[](31);
        for (uint256 i = 1; i < 11; i++) {
            times[i] = i % 2 == 0 ? type(uint32).max : 0;
        }
        (uint256 median, uint256 later) = BitcoinMedianTime.start(times);
        for (uint256 i = 0; i < 20; i++) {
            times[11 + i] = median + 1 + steps[i] % (uint256(1) << (spread % 25));
            (median, later) = BitcoinMedianTime.move(median, later, times[i], times[11 + i]);
            // Of the blocks that there are, eleven at most.
            uint256 count = i < 10 ? i + 1 : 11;
            assertEq(median, _middle(times, 12 + i - count, count));
        }
    }

    function testFuzz_exchange_givesTheOneThatLeaves(uint32[12] memory given, uint32 time) public pure {
        uint256[] memory times = new uint256[](14);
        for (uint256 i = 0; i < 12; i++) {
            times[i] = given[i];
        }
        assertEq(BitcoinMedianTime.exchange(times, 1, time), given[1]);
        assertEq(times[12], time);
        assertEq(times[11], given[11]);
        assertEq(times[13], 0);
    }

    function testFuzz_pack_keepsTheLastEleven(uint32[20] memory given, uint8 count) public pure {
        count = uint8(bound(count, 11, 20));
        uint256[] memory times = new uint256[](count);
        for (uint256 i = 0; i < count; i++) {
            times[i] = given[i];
        }
        (uint256 older, uint96 newer) = BitcoinMedianTime.pack(times);
        uint256[] memory again = BitcoinMedianTime.unpack(older, newer, 3);
        assertEq(again.length, 14);
        for (uint256 i = 0; i < 11; i++) {
            assertEq(again[i], given[count - 11 + i]);
        }
    }

    /// @dev The upper middle of `count` times, by counting.
    function _middle(uint256[] memory times, uint256 from, uint256 count) private pure returns (uint256) {
        for (uint256 i = from; i < from + count; i++) {
            uint256 smaller = 0;
            uint256 equal = 0;
            for (uint256 j = from; j < from + count; j++) {
                if (times[j] < times[i]) smaller++;
                else if (times[j] == times[i]) equal++;
            }
            if (smaller <= count / 2 && count / 2 < smaller + equal) return times[i];
        }
        revert("no middle");
    }
}
