// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BitcoinTarget} from "../../../contracts/libraries/BitcoinTarget.sol";
import {Test} from "forge-std/Test.sol";

// fromBits
// ├── real ones → their targets
// └── negative, zero, beyond 256 bits → 0
// toBits → the largest form that is not above the target
// workOf → 2^256 / (target + 1)
// isMetBy → as the comparison of the reversed hash with the target
// afterEpoch → target * span / 14 days, between a quarter and four times, at most the limit, as a compact form
contract BitcoinTargetTest is Test {
    uint256 private constant MAINNET_LIMIT = 0xffff << 208;

    function test_fromBits_readsRealOnes() public pure {
        assertEq(BitcoinTarget.fromBits(0x1d00ffff), MAINNET_LIMIT);
        assertEq(BitcoinTarget.fromBits(0x1b0404cb), 0x404cb << 192);
        assertEq(BitcoinTarget.fromBits(0x207fffff), 0x7fffff << 232);
    }

    function test_fromBits_isZeroOfWhatIsNone() public pure {
        uint32[7] memory none =
            [uint32(0), 0x01003456, 0x1d800001, 0x1d000000, 0x2100ffff + 0x01000000, 0x2200ffff, 0xff123456];
        for (uint256 i = 0; i < none.length; i++) {
            assertEq(BitcoinTarget.fromBits(none[i]), 0, vm.toString(none[i]));
        }
    }

    function testFuzz_toBits_isTheLargestNotAbove(uint256 target, uint8 shift) public pure {
        target = bound(target >> shift, 1, type(uint256).max);
        uint256 bits = BitcoinTarget.toBits(target);
        uint256 held = BitcoinTarget.fromBits(bits);
        assertLe(held, target);
        uint256 step = bits >> 24 > 3 ? uint256(1) << (8 * ((bits >> 24) - 3)) : 1;
        assertLt(target - held, step);
        assertEq(BitcoinTarget.toBits(held), bits);
    }

    function testFuzz_workOf_isTheQuotient(uint256 target) public pure {
        target = bound(target, 1, type(uint256).max - 1);
        uint256 work = BitcoinTarget.workOf(target);
        // work * (target + 1) <= 2^256 < (work + 1) * (target + 1): what is left to 2^256 is less than a divisor.
        unchecked {
            uint256 left = 0 - work * (target + 1);
            assertLt(left, target + 1);
        }
        assertLe(work, type(uint256).max / (target + 1) + 1);
    }

    function testFuzz_isMetBy_comparesTheReversedHash(uint256 target, uint8 shift, uint256 number, uint8 near)
        public
        pure
    {
        uint256 bits = BitcoinTarget.toBits(bound(target >> shift, 1 << 23, type(uint256).max));
        target = BitcoinTarget.fromBits(bits);
        // Half of the numbers share the target's leading bits or are next to it.
        if (near % 4 == 1) number = target - number % (target >> (near % 24) | 1);
        else if (near % 4 == 2) number = (target & ~(target >> (near % 32))) | number >> (near % 250);
        else if (near % 8 == 3) number = target + near % 3 - 1;
        assertEq(BitcoinTarget.isMetBy(bits, _reversed(number)), number <= target);
    }

    function testFuzz_afterEpoch_isTheProductByTwoWeeks(
        uint256 target,
        uint8 shift,
        uint32 first,
        uint32 last
    ) public pure {
        uint256 limit = BitcoinTarget.fromBits(0x201fffff);
        target = BitcoinTarget.fromBits(BitcoinTarget.toBits(bound(target >> shift, 1 << 24, limit)));
        uint256 span = last > first ? last - first : 0;
        if (span < 302_400) span = 302_400;
        if (span > 4_838_400) span = 4_838_400;

        // Long division by halves of the target.
        uint256 high = (target >> 128) * span;
        uint256 low = (target & type(uint128).max) * span + ((high % 1_209_600) << 128);
        uint256 expected = ((high / 1_209_600) << 128) + low / 1_209_600;
        if (expected > limit) expected = limit;
        assertEq(BitcoinTarget.afterEpoch(target, first, last, limit), BitcoinTarget.toBits(expected));
    }

    /// @dev Recorded on mainnet: bits, first and last time of the epoch, bits of the next.
    function test_afterEpoch_followsMainnet() public pure {
        assertEq(_next(0x1d00ffff, 1_261_130_161, 1_262_152_739), 0x1d00d86a);
        assertEq(_next(0x1c05a3f4, 1_279_008_237, 1_279_297_671), 0x1c0168fd);
        assertEq(_next(0x1b0404cb, 1_300_000_000, 1_300_000_000), 0x1b010132);
        assertEq(_next(0x1d00ffff, 1_000_000_000, 2_000_000_000), 0x1d00ffff);
    }

    function _next(uint256 bits, uint256 first, uint256 last) private pure returns (uint256) {
        return BitcoinTarget.afterEpoch(BitcoinTarget.fromBits(bits), first, last, MAINNET_LIMIT);
    }

    function _reversed(uint256 number) private pure returns (bytes32 result) {
        for (uint256 i = 0; i < 32; i++) {
            result |= bytes32((number >> (8 * i) & 0xff) << (248 - 8 * i));
        }
    }
}
