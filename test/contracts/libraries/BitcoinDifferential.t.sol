// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {IBitcoinRelay} from "../../../contracts/interfaces/IBitcoinRelay.sol";
import {BitcoinRelayTest} from "../oracle/BitcoinRelayTest.sol";
import {BitcoinDifferential} from "./BitcoinDifferential.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

// The relay's libraries beside keep-network's, over made-up bytes; over recorded ones: test/oracle/header.relay.test.ts
// ├── headers of any bytes with any positive target → the same hash, root, time, target, work, difficulty
// ├── coinbases of any outputs → the same sum, txid and root
// ├── coinbases with any byte changed, cut or longer → the same reading, or ours refuses it
// ├── what ours refuses as malformed → theirs refuses too, but for lengths that are not the shortest
// ├── any leaf and branch → the same root
// └── any epoch → the same bits
contract BitcoinDifferentialTest is BitcoinRelayTest {
    BitcoinDifferential private _both;

    function setUp() public override {
        super.setUp();
        _both = new BitcoinDifferential();
    }

    function testFuzz_headers(bytes32 parent, bytes32[3] memory noise, uint8 size, uint24 mantissa)
        public
        view
    {
        // What theirs reads too: a positive target below 2^256.
        size = uint8(bound(size, 3, 32));
        mantissa = uint24(bound(mantissa, 1, 0x7fffff));
        bytes4 bits = little4(uint256(size) << 24 | mantissa);
        bytes memory header =
            abi.encodePacked(bytes4(noise[0]), noise[1], bytes4(noise[0] << 32), bits, bytes4(noise[2]));
        _both.compareHeaders(parent, abi.encodePacked(header, header));
    }

    /// @dev Easy ones, so that half of them have their work.
    function test_headers_ofEasyWork() public view {
        (, uint256 met) = _both.compareHeaders(reversed(GENESIS), headersOf(chainOf(30, SPACING, 1)));
        assertEq(met, 30);
        (, met) = _both.compareHeaders(0, headersOf(chainOf(200, SPACING, 2)));
        assertGt(met, 60);
        assertLt(met, 140);
    }

    function testFuzz_coinbase(uint64[] memory values, uint16[8] memory lengths, uint32 height, bytes32 seed)
        public
        view
    {
        (bytes memory coinbase, uint256 sum) = _coinbase(values, lengths, height);
        bytes32[] memory branch = new bytes32[](uint256(seed) % 14);
        for (uint256 i = 0; i < branch.length; i++) {
            branch[i] = keccak256(abi.encode(seed, i));
        }
        (uint256 paid, bytes32 root) = _both.compareCoinbase(coinbase, abi.encodePacked(branch), height);
        assertEq(paid, sum);
        assertEq(root, rootOf(coinbase, branch));
    }

    function testFuzz_coinbase_changed(
        uint64[] memory values,
        uint16[8] memory lengths,
        uint32 height,
        uint256[4] memory at,
        uint8 by
    ) public view {
        (bytes memory coinbase,) = _coinbase(values, lengths, height);
        for (uint256 i = 0; i < 1 + by % 4; i++) {
            coinbase[at[i] % coinbase.length] ^= bytes1(uint8(by | 1));
        }
        _compareMutated(coinbase, height);
    }

    function testFuzz_coinbase_cutOrLonger(
        uint64[] memory values,
        uint16[8] memory lengths,
        uint32 height,
        uint16 at,
        bytes memory more
    ) public view {
        (bytes memory whole,) = _coinbase(values, lengths, height);
        bytes memory cut = new bytes(whole.length - at % (whole.length - 60));
        for (uint256 i = 0; i < cut.length; i++) {
            cut[i] = whole[i];
        }
        _compareMutated(cut, height);
        _compareMutated(bytes.concat(cut, more), height);
        _compareMutated(bytes.concat(whole, more), height);
    }

    function testFuzz_root(bytes memory leaf, bytes32[] memory branch) public view {
        _both.compareRoot(leaf, twice(leaf), abi.encodePacked(branch));
    }

    function testFuzz_retarget(uint8 size, uint24 mantissa, uint32 first, uint32 last, uint8 easier)
        public
        view
    {
        uint256 limit = 0x1fffff << 232;
        // With easier ones theirs overflows.
        size = uint8(bound(size, 6, 31));
        uint256 target = bound(mantissa, 0x8000, 0x7fffff) << (8 * (uint256(size) - 3));
        if (easier % 4 == 0 && target < limit >> 8) limit = target << (easier % 8);
        if (easier % 3 == 0) {
            last = uint32(bound(last, first, Math.min(uint256(first) + 6e6, type(uint32).max)));
        }
        _both.compareRetarget(target, first, last, limit);
    }

    function _coinbase(uint64[] memory values, uint16[8] memory lengths, uint32 height)
        private
        pure
        returns (bytes memory coinbase, uint256 sum)
    {
        uint256 count = values.length % 8;
        bytes memory outputs = _shortest(count);
        for (uint256 i = 0; i < count; i++) {
            sum += values[i];
            uint256 length = i == 0 ? lengths[i] % 700 : lengths[i] % 120;
            outputs = bytes.concat(outputs, little8(values[i]), _shortest(length), new bytes(length));
        }
        coinbase = coinbaseWith(abi.encodePacked(heightPush(height), "/a pool of nobody/"), outputs);
    }

    function _shortest(uint256 value) private pure returns (bytes memory) {
        if (value < 0xfd) return abi.encodePacked(uint8(value));
        return abi.encodePacked(uint8(0xfd), bytes2(little4(value)));
    }

    /// @dev What ours takes, theirs reads alike. What ours calls malformed, theirs does too.
    function _compareMutated(bytes memory coinbase, uint256 height) private view {
        try _both.compareCoinbase(coinbase, "", height) {}
        catch (bytes memory reason) {
            assertTrue(bytes4(reason) != BitcoinDifferential.Differs.selector, vm.toString(reason));
            if (bytes4(reason) != IBitcoinRelay.CoinbaseMalformed.selector) return;
            // Theirs may stop in the middle of a number, too.
            try _both.isWellFormed(coinbase) returns (bool isWhole) {
                if (isWhole) assertTrue(_hasLongLength(coinbase), vm.toString(coinbase));
            } catch {}
        }
    }

    /// @dev Theirs takes 0xfd 0x0a 0x00 for ten, and lengths of nine bytes.
    function _hasLongLength(bytes memory coinbase) private pure returns (bool) {
        for (uint256 i = 42; i < coinbase.length; i++) {
            if (uint8(coinbase[i]) >= 0xfd) return true;
        }
        return false;
    }
}
