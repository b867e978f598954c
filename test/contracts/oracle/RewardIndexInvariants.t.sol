// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of small values.
// forge-lint: disable-start(unsafe-typecast)

import {IRewardIndex} from "../../../contracts/interfaces/IRewardIndex.sol";
import {IRewardSource} from "../../../contracts/interfaces/IRewardSource.sol";
import {RewardIndex} from "../../../contracts/oracle/RewardIndex.sol";
import {RewardIndexHandler} from "./RewardIndexHandler.sol";
import {Test} from "forge-std/Test.sol";

// The sentences are in test/contracts/README.md, under the numbers below.
/// forge-config: default.invariant.include_storage = false
/// forge-config: default.invariant.include_push_bytes = false
contract RewardIndexInvariants is Test {
    RewardIndexHandler private _handler;
    RewardIndex private _index;
    uint24 private _first;

    function setUp() public {
        _handler = new RewardIndexHandler();
        _index = _handler.index();
        _first = _handler.FIRST();
        targetContract(address(_handler));
        targetSelector(FuzzSelector(address(_handler), _verbs()));
    }

    /// @dev Attesting and waiting twice, so that there is something to prove, void and substitute.
    function _verbs() private pure returns (bytes4[] memory verbs) {
        verbs = new bytes4[](9);
        verbs[0] = RewardIndexHandler.attest.selector;
        verbs[1] = RewardIndexHandler.attest.selector;
        verbs[2] = RewardIndexHandler.prove.selector;
        verbs[3] = RewardIndexHandler.proveEmpty.selector;
        verbs[4] = RewardIndexHandler.substitute.selector;
        verbs[5] = RewardIndexHandler.voidDay.selector;
        verbs[6] = RewardIndexHandler.changeSigners.selector;
        verbs[7] = RewardIndexHandler.wait.selector;
        verbs[8] = RewardIndexHandler.wait.selector;
    }

    /// @dev A handler that does nothing proves nothing.
    function test_handler_everyVerbComesThrough() public {
        bytes4[] memory verbs = _verbs();
        uint256[7] memory done;
        uint256 fresh = vm.snapshotState();
        for (uint256 run = 0; run < 16; run++) {
            for (uint256 i = 0; i < 64; i++) {
                uint256 seed = uint256(keccak256(abi.encode(run, i)));
                (bool through,) =
                    address(_handler).call(abi.encodeWithSelector(verbs[seed % verbs.length], seed >> 8));
                assertTrue(through);
            }
            for (uint256 v = 0; v < 7; v++) {
                done[v] += _handler.done(RewardIndexHandler.Verb(v));
            }
            vm.revertToState(fresh);
        }
        for (uint256 v = 0; v < 7; v++) {
            assertGe(done[v], 10);
        }
    }

    /// @dev R1
    function invariant_finalValuesNeverChange() public {
        for (uint32 network = 1; network <= 3; network++) {
            for (uint24 day = _first; _isSettled(network, day); day++) {
                assertTrue(_handler.remember(network, day));
            }
        }
    }

    /// @dev R2
    function invariant_daysSettleInOrder() public view {
        for (uint32 network = 1; network <= 3; network++) {
            bool all = true;
            for (uint24 day = _first; day <= _newest(network) + 2; day++) {
                bool settled = _isSettled(network, day);
                assertTrue(all || !settled);
                all = settled;
            }
        }
    }

    /// @dev R3
    function invariant_settledRewardAnswersForSettledDaysOnly() public view {
        for (uint32 network = 1; network <= 3; network++) {
            for (uint24 day = _first - 1; day <= _newest(network) + 2; day++) {
                try _index.settledReward(network, day) returns (uint256[] memory rewards) {
                    assertTrue(_isSettled(network, day));
                    assertEq(rewards[0], _handler.modelOf(network, day).values[0]);
                    assertEq(rewards[1], _handler.modelOf(network, day).values[1]);
                } catch (bytes memory reason) {
                    assertEq(reason, abi.encodeWithSelector(IRewardSource.DayNotFinal.selector, network, day));
                    assertFalse(_isSettled(network, day));
                }
            }
        }
    }

    /// @dev R4
    function invariant_lastContiguousDayIsTheLastSettledOne() public view {
        for (uint32 network = 1; network <= 3; network++) {
            uint24 last = 0;
            for (uint24 day = _first; _isSettled(network, day); day++) {
                last = day;
            }
            assertEq(_index.lastContiguousDay(network), last);
        }
    }

    /// @dev R5
    function invariant_everyDayIsAsItsClassSays() public view {
        for (uint32 network = 1; network <= 3; network++) {
            uint24 newest = _handler.newestOf(network);
            assertEq(_index.newestDay(network), newest < _first ? 0 : newest);
            uint24 proven = _handler.provenUntil(network);
            assertEq(_index.lastProvenDay(network), proven < _first ? 0 : proven);
            for (uint24 day = _first; day <= newest + 2; day++) {
                RewardIndexHandler.ModelDay memory model = _handler.modelOf(network, day);
                IRewardIndex.Day memory found = _index.dayOf(network, day);
                assertEq(uint8(_index.stateOf(network, day)), uint8(_handler.stateOf(network, day)));
                assertEq(found.subsidyIndex, model.values[0]);
                assertEq(found.cappedFeesIndex, model.values[1]);
                assertEq(found.feesIndex, model.values[2]);
                assertEq(found.round, model.round);
                assertEq(found.voidedRound, model.voidedRound);
                assertEq(found.provenAt != 0, model.proven);
                assertEq(_index.statementOf(network, day), model.statement);
                assertTrue(network == 1 || _index.attestedRootOf(network, day) == 0);
            }
        }
    }

    /// @dev R6
    function invariant_membershipsCountTheSets() public view {
        for (uint256 i = 0; i < 10; i++) {
            uint256 key = _handler.keys(i);
            (uint256 networks, uint256 leftAt) = _handler.membershipOf(key);
            IRewardIndex.Membership memory membership = _index.membershipOf(vm.addr(key));
            assertEq(membership.networks, networks);
            assertEq(membership.leftAt, leftAt);
            if (leftAt != 0) assertEq(membership.leftEpoch, _first + (leftAt - 1_000_000) / 100);
        }
    }

    function _isSettled(uint32 network, uint24 day) private view returns (bool) {
        IRewardIndex.DayState state = _index.stateOf(network, day);
        return state != IRewardIndex.DayState.Open && state != IRewardIndex.DayState.Attested;
    }

    function _newest(uint32 network) private view returns (uint24) {
        uint24 newest = _index.newestDay(network);
        return newest == 0 ? _first : newest;
    }
}
