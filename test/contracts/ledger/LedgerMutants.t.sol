// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";

// Errors that mutation testing found nobody looking for: each test names the one it finds.
// escrow, merge
// └── a product of one unit of 1e-36 → one base unit in, none out
contract LedgerMutantsTest is BaseTest {
    /// @dev The rounding constant off by one: only a remainder of exactly 1 tells.
    function testFuzz_escrow_roundsTheSmallestRemainderUp(uint128 whole) public {
        whole = uint128(bound(whole, 0, 3)) * 1e36;
        ILedger.IndexTerms memory terms = termsOf(address(token), address(source));
        (terms.tick, terms.caps[0]) = (1, 5);
        index = ledger.register(terms);
        BoxId long = Boxes.pack(Box(false, 1, index, FIRST_EPOCH, FIRST_EPOCH + 1, 2, 3));

        assertEq(ledger.previewEscrow(long, whole + 1), whole / 1e36 + 1);
        assertEq(ledger.previewMerge(long, whole + 1), whole / 1e36);
        assertEq(ledger.previewEscrow(long, whole), whole / 1e36);
    }
}
