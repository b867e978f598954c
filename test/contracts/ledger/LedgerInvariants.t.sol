// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ledger} from "../../../contracts/ledger/Ledger.sol";
import {BoxId} from "../../../contracts/types/BoxId.sol";
import {LedgerHandler} from "./LedgerHandler.sol";
import {Test} from "forge-std/Test.sol";

// The sentences are in test/contracts/README.md, under the numbers below.
contract LedgerInvariants is Test {
    Ledger private _ledger;
    LedgerHandler private _handler;

    function setUp() public {
        _ledger = new Ledger();
        _handler = new LedgerHandler(_ledger);
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](7);
        selectors[0] = LedgerHandler.escrow.selector;
        selectors[1] = LedgerHandler.merge.selector;
        selectors[2] = LedgerHandler.redeem.selector;
        selectors[3] = LedgerHandler.transfer.selector;
        selectors[4] = LedgerHandler.transferThroughFacade.selector;
        selectors[5] = LedgerHandler.poke.selector;
        selectors[6] = LedgerHandler.donate.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev K1
    function invariant_reserveCoversEveryClaimForEveryFuture() public view {
        uint256[5] memory futures = [uint256(0), 256, 128, 1000, 1001];
        for (uint256 i = 0; i < 3; i++) {
            uint32 index = _handler.indices(i);
            BoxId[] memory ids = _handler.idsOf(index);
            for (uint256 f = 0; f < futures.length; f++) {
                uint256 owed = 0;
                for (uint256 j = 0; j < ids.length; j++) {
                    uint256 payoff = _handler.payoffOf(ids[j], _handler.completed(ids[j], futures[f]));
                    owed += _ledger.totalSupply(BoxId.unwrap(ids[j])) * payoff;
                }
                assertLe(owed, _ledger.reserveOf(index) * 1e36);
            }
        }
    }

    /// @dev K2
    function invariant_supplyIsTheSumOfBalances() public view {
        for (uint256 i = 0; i < 3; i++) {
            BoxId[] memory ids = _handler.idsOf(_handler.indices(i));
            for (uint256 j = 0; j < ids.length; j++) {
                uint256 sum = 0;
                for (uint256 h = 0; h < 3; h++) {
                    sum += _ledger.balanceOf(_handler.holders(h), BoxId.unwrap(ids[j]));
                }
                assertEq(sum, _ledger.totalSupply(BoxId.unwrap(ids[j])));
            }
        }
    }

    /// @dev K3
    function invariant_payoffDependsOnIdQuantityAndIndexOnly() public view {
        assertFalse(_handler.payoffDepended());
    }

    /// @dev K5
    function invariant_oneIndexNeverTouchesAnother() public view {
        assertFalse(_handler.leaked());
    }

    /// @dev K6
    function invariant_indexIsMonotoneCappedAndWrittenOnce() public view {
        assertFalse(_handler.indexBroken());
    }

    /// @dev K9
    function invariant_bothSidesAlwaysMerge() public view {
        assertFalse(_handler.mergeFailed());
    }

    /// @dev K11
    function invariant_tokensCoverTheReserves() public view {
        uint256 first = _ledger.reserveOf(_handler.indices(0)) + _ledger.reserveOf(_handler.indices(1));
        assertGe(_handler.tokens(0).balanceOf(address(_ledger)), first);
        assertGe(_handler.tokens(1).balanceOf(address(_ledger)), _ledger.reserveOf(_handler.indices(2)));
    }
}
