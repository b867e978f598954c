// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is the test's own.
// forge-lint: disable-start(block-timestamp)

import {IOutputProposer} from "../../../contracts/interfaces/IOutputProposer.sol";
import {OutputProposerHandler} from "./OutputProposerHandler.sol";
import {Test} from "forge-std/Test.sol";

// The sentences are in test/contracts/README.md, under the numbers below.
contract OutputProposerInvariants is Test {
    OutputProposerHandler private _handler;

    function setUp() public {
        vm.warp(1_800_000_000);
        _handler = new OutputProposerHandler();
        targetContract(address(_handler));
        bytes4[] memory selectors = new bytes4[](6);
        selectors[0] = OutputProposerHandler.operate.selector;
        selectors[1] = OutputProposerHandler.bond.selector;
        selectors[2] = OutputProposerHandler.cut.selector;
        selectors[3] = OutputProposerHandler.wait.selector;
        selectors[4] = OutputProposerHandler.settle.selector;
        selectors[5] = OutputProposerHandler.claim.selector;
        targetSelector(FuzzSelector(address(_handler), selectors));
    }

    /// @dev O-P1 holds as well: the handler's operator is never refused, or the run fails.
    function invariant_strangersProposeExactlyWhenTheOperatorIsSilent() public view {
        assertFalse(_handler.gateBroken());
        assertEq(_handler.PROPOSER().operatorHeardAt(), _handler.heardAt());
    }

    /// @dev O-P3
    function invariant_theEtherIsTheOpenBondsAndTheCredits() public view {
        uint256 open = 0;
        for (uint256 i = 0; i < _handler.postedCount(); i++) {
            if (_handler.PROPOSER().bondOf(i).proposer != address(0)) open++;
        }
        assertEq(_handler.postedCount(), _handler.PROPOSER().bondsPosted());
        uint256 owed = open * _handler.BOND() + _handler.credits();
        assertEq(address(_handler.PROPOSER()).balance, owed);
        assertEq(owed + _handler.claimed(), _handler.postedCount() * _handler.BOND());
    }

    /// @dev O-P4
    function invariant_noRightRootLosesItsBond() public view {
        assertFalse(_handler.bookedToAnother());
        for (uint256 i = 0; i < _handler.postedCount(); i++) {
            (, bool isRight,,, IOutputProposer.Verdict seen,) = _handler.posted(i);
            if (isRight) assertTrue(seen != IOutputProposer.Verdict.Forfeited);
        }
    }

    /// @dev O-P5
    function invariant_whereTheRightRootMaturedInTimeTheWrongOneLoses() public view {
        for (uint256 i = 0; i < _handler.postedCount(); i++) {
            (, bool isRight, uint256 at, uint256 number,, address recipient) = _handler.posted(i);
            if (isRight) continue;
            uint256 maturesAt = _maturesAt(number);
            bool isDecided = maturesAt <= block.timestamp && maturesAt <= at + 30 days;
            if (recipient != address(0)) {
                assertEq(recipient == _handler.CHALLENGER(), isDecided);
            } else if (isDecided) {
                assertTrue(_handler.PROPOSER().verdictOf(i) == IOutputProposer.Verdict.Forfeited);
            }
        }
    }

    /// @dev O-P6
    function invariant_aVerdictNeverChanges() public view {
        assertFalse(_handler.verdictChanged());
    }

    /// @dev O-P7
    function invariant_noBondIsOpenForGood() public view {
        for (uint256 i = 0; i < _handler.postedCount(); i++) {
            (,, uint256 at,,, address recipient) = _handler.posted(i);
            if (recipient != address(0) || block.timestamp <= at + 30 days) continue;
            assertTrue(_handler.PROPOSER().verdictOf(i) != IOutputProposer.Verdict.Open);
        }
    }

    function _maturesAt(uint256 number) private view returns (uint256) {
        if (number > _handler.ORACLE().latestBlockNumber()) return type(uint256).max;
        return _handler.ORACLE().getL2OutputAfter(number).timestamp + _handler.PERIOD();
    }
}
