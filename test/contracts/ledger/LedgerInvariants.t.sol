// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded or literal values.
// forge-lint: disable-start(unsafe-typecast)

import {Ledger} from "../../../contracts/ledger/Ledger.sol";
import {MeanToken} from "../mocks/MeanToken.sol";
import {LedgerHandler} from "./LedgerHandler.sol";
import {Test} from "forge-std/Test.sol";

/// @dev What is looked at after every verb is what it touched; after every 16th, all of one index, each in its turn.
///      Each invariant is a contract of its own, because forge gives all invariants of a run the same sequences of seeds:
///      so each makes something else of them.
abstract contract LedgerInvariantsTest is Test {
    uint256 private constant THOROUGH_EVERY = 16;

    LedgerHandler internal _handler;

    function setUp() public virtual {
        _handler = new LedgerHandler(new Ledger(), address(this).codehash);
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), _verbs()));
    }

    function _verbs() internal pure virtual returns (bytes4[] memory verbs) {
        verbs = new bytes4[](15);
        verbs[0] = LedgerHandler.escrow.selector;
        verbs[1] = LedgerHandler.merge.selector;
        verbs[2] = LedgerHandler.split.selector;
        verbs[3] = LedgerHandler.join.selector;
        verbs[4] = LedgerHandler.realise.selector;
        verbs[5] = LedgerHandler.redeem.selector;
        verbs[6] = LedgerHandler.redeemMany.selector;
        verbs[7] = LedgerHandler.multicall.selector;
        verbs[8] = LedgerHandler.transfer.selector;
        verbs[9] = LedgerHandler.transferByOther.selector;
        verbs[10] = LedgerHandler.transferThroughFacade.selector;
        verbs[11] = LedgerHandler.poke.selector;
        verbs[12] = LedgerHandler.donate.selector;
        verbs[13] = LedgerHandler.misuse.selector;
        verbs[14] = LedgerHandler.trespass.selector;
    }

    function _thoroughly() internal view returns (bool) {
        return _handler.calls() % THOROUGH_EVERY == 0;
    }

    /// @dev Each index in its turn, every time that all of it is looked at.
    function _turn() internal view returns (uint32) {
        return uint32(1 + _handler.calls() / THOROUGH_EVERY % 4);
    }

    /// @dev What the last verb was about, or the one whose turn it is.
    function _indexNow() internal view returns (uint32) {
        return _handler.touchedCount() == 0 ? _turn() : _handler.touched(0).index();
    }
}

// The sentences are in test/contracts/README.md, under the numbers below. K7 is in LedgerLaws.t.sol. Values seen on the way are
// of no use to the fuzzer, as every seed is hashed.

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK1 is LedgerInvariantsTest {
    function invariant_reserveCoversEveryClaimForEveryFuture() public view {
        (bool covered,) = _handler.weighed(_thoroughly(), _turn());
        assertTrue(covered);
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK2 is LedgerInvariantsTest {
    function invariant_supplyIsTheSumOfBalances() public view {
        assertTrue(_handler.suppliesAreSums(_thoroughly() ? _turn() : _indexNow()));
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK3 is LedgerInvariantsTest {
    function invariant_paymentDependsOnIdQuantityAndIndexOnly() public view {
        assertFalse(_handler.payoffDepended());
        assertTrue(_handler.dustIsSmall());
    }
}

/// @dev Of histories without realise, whose re-strikes cost the holder a fraction of a tick.
/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK4 is LedgerInvariantsTest {
    function _verbs() internal pure override returns (bytes4[] memory verbs) {
        verbs = new bytes4[](9);
        verbs[0] = LedgerHandler.escrow.selector;
        verbs[1] = LedgerHandler.merge.selector;
        verbs[2] = LedgerHandler.split.selector;
        verbs[3] = LedgerHandler.join.selector;
        verbs[4] = LedgerHandler.redeem.selector;
        verbs[5] = LedgerHandler.redeemMany.selector;
        verbs[6] = LedgerHandler.multicall.selector;
        verbs[7] = LedgerHandler.poke.selector;
        verbs[8] = LedgerHandler.misuse.selector;
    }

    function invariant_bothSidesAreWorthExactlyWhatWasPaidFor() public view {
        (, bool balanced) = _handler.weighed(_thoroughly(), _turn());
        assertTrue(balanced);
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK5 is LedgerInvariantsTest {
    function invariant_oneIndexNeverTouchesAnother() public view {
        assertTrue(_handler.indicesAreAsWritten());
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK6 is LedgerInvariantsTest {
    function invariant_indexIsMonotoneCappedAndWrittenOnce() public view {
        assertFalse(_handler.indexBroken());
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK8 is LedgerInvariantsTest {
    function invariant_nobodyChangesAnothersHoldings() public view {
        assertTrue(_handler.holdingsAreTheirOwners(_thoroughly() ? _turn() : _indexNow()));
        assertFalse(_handler.trespassed());
        assertEq(MeanToken(address(_handler.tokens(2))).successes(), 0);
    }
}

/// @dev What is done here leaves no trace.
/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK9 is LedgerInvariantsTest {
    function invariant_bothSidesAlwaysMerge() public {
        assertFalse(_handler.mergeFailed());
        if (_thoroughly()) assertTrue(_handler.mergeEverything());
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK10 is LedgerInvariantsTest {
    function invariant_escrowIsNeutralAtAnyTime() public view {
        assertFalse(_handler.escrowBiased());
    }
}

/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract LedgerInvariantsK11 is LedgerInvariantsTest {
    function invariant_tokensCoverTheReserves() public view {
        assertTrue(_handler.tokensAreReserves());
    }
}

/// @dev A handler that does nothing proves nothing.
contract LedgerInvariantsHandler is LedgerInvariantsTest {
    uint256 private constant VERBS = 19;

    /// @dev The runs are as long as those of the invariants.
    function test_handler_everyVerbComesThrough() public {
        bytes4[] memory verbs = _verbs();
        uint256[VERBS] memory asked;
        uint256[VERBS] memory done;
        uint256 fresh = vm.snapshotState();
        for (uint256 run = 0; run < 24; run++) {
            for (uint256 i = 0; i < 64; i++) {
                uint256 seed = uint256(keccak256(abi.encode(run, i)));
                bytes4 verb = verbs[seed % verbs.length];
                (bool through,) = address(_handler).call(abi.encodeWithSelector(verb, seed));
                assertTrue(through);
            }
            for (uint256 v = 0; v < VERBS; v++) {
                asked[v] += _handler.asked(v);
                done[v] += _handler.done(v);
            }
            vm.revertToState(fresh);
        }
        for (uint256 v = 0; v < VERBS; v++) {
            // A source that lies refuses some of the days.
            assertGe(done[v] * 100, asked[v] * (v == uint256(LedgerHandler.Verb.Poke) ? 80 : 100));
            assertGe(asked[v], 20);
        }
    }
}
