// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Time is the test's own.
// forge-lint: disable-start(block-timestamp)

import {IOutputProposer} from "../../../contracts/interfaces/IOutputProposer.sol";
import {OutputProposer} from "../../../contracts/l1/OutputProposer.sol";
import {OracleModel} from "../mocks/OracleModel.sol";
import {CommonBase} from "forge-std/Base.sol";
import {StdUtils} from "forge-std/StdUtils.sol";

/// @notice An operator who is at times wrong, strangers who are at times wrong, and a challenger who deletes every wrong root
///         in time, and right ones along with it or by mistake.
contract OutputProposerHandler is CommonBase, StdUtils {
    struct Posted {
        address by;
        bool isRight;
        uint256 at;
        uint256 l2BlockNumber;
        IOutputProposer.Verdict seen;
        address recipient;
    }

    uint256 public constant BOND = 1 ether;
    uint256 public constant SILENCE = 1 hours;
    uint256 public constant WINDOW = 1000;
    uint256 public constant PERIOD = 7 days;
    uint256 private constant LEAD = 100 days;

    address public immutable OPERATOR = address(0x0901);
    address public immutable CHALLENGER = address(0x0902);
    OracleModel public immutable ORACLE;
    OutputProposer public immutable PROPOSER;

    Posted[] public posted;
    address[] public strangers;
    uint256 public claimed;
    /// @dev What the contract should know, from what happened alone.
    uint256 public heardAt;
    uint256 private _heardIndex;
    bool public gateBroken;
    bool public verdictChanged;
    bool public bookedToAnother;

    constructor() {
        strangers = [address(0x1001), address(0x1002), address(0x1003)];
        ORACLE = new OracleModel(block.timestamp - LEAD, PERIOD, CHALLENGER);
        PROPOSER = new OutputProposer(address(ORACLE), OPERATOR, SILENCE, WINDOW, BOND);
        ORACLE.setProposer(address(PROPOSER));
        heardAt = block.timestamp;
        _heardIndex = type(uint256).max;
    }

    function operate(bool isRight) external {
        uint256 next = ORACLE.nextBlockNumber();
        _heardIndex = ORACLE.nextOutputIndex();
        heardAt = block.timestamp;
        vm.prank(OPERATOR);
        PROPOSER.proposeL2Output(rootOf(next, isRight), next, 0, 0);
    }

    function bond(uint256 who, bool isRight) external {
        address by = strangers[who % strangers.length];
        uint256 next = ORACLE.nextBlockNumber();
        bool isOpen = block.timestamp >= heardAt + SILENCE;
        vm.deal(by, BOND);
        vm.prank(by);
        try PROPOSER.proposeL2Output{value: BOND}(rootOf(next, isRight), next, 0, 0) {
            if (!isOpen) gateBroken = true;
            posted.push(Posted(by, isRight, block.timestamp, next, IOutputProposer.Verdict.Open, address(0)));
        } catch {
            if (isOpen) gateBroken = true;
        }
    }

    /// @dev From the first wrong root, or from anywhere that can still be deleted.
    function cut(uint256 index, bool isMistake) external {
        uint256 count = ORACLE.nextOutputIndex();
        if (count == 0) return;
        if (isMistake) _cut(bound(index, 0, count - 1));
        else _cutWrong();
    }

    /// @dev Around a silence, a finalisation period, the time of a bond.
    function wait(uint256 seconds_, uint256 scale) external {
        uint256[3] memory longest = [uint256(2 hours), 8 days, 31 days];
        seconds_ = bound(seconds_, 1, longest[scale % 3]);
        _cutWrong();
        vm.warp(block.timestamp + seconds_);
        _look();
    }

    function settle(uint256 bondId) external {
        if (posted.length == 0) return;
        bondId %= posted.length;
        Posted storage p = posted[bondId];
        if (p.recipient != address(0) || PROPOSER.verdictOf(bondId) == IOutputProposer.Verdict.Open) return;
        p.seen = PROPOSER.verdictOf(bondId);
        p.recipient = PROPOSER.settle(bondId);
        address expected = p.seen == IOutputProposer.Verdict.Returned ? p.by : CHALLENGER;
        if (p.recipient != expected) bookedToAnother = true;
    }

    function claim(uint256 who) external {
        address owner = who % 4 == 3 ? CHALLENGER : strangers[who % 4];
        if (PROPOSER.creditOf(owner) == 0) return;
        vm.prank(owner);
        claimed += PROPOSER.claim(owner);
    }

    function rootOf(uint256 l2BlockNumber, bool isRight) public pure returns (bytes32) {
        return keccak256(abi.encode(l2BlockNumber, isRight));
    }

    function postedCount() external view returns (uint256) {
        return posted.length;
    }

    function credits() external view returns (uint256 sum) {
        sum = PROPOSER.creditOf(CHALLENGER);
        for (uint256 i = 0; i < strangers.length; i++) {
            sum += PROPOSER.creditOf(strangers[i]);
        }
    }

    function _cut(uint256 index) private {
        if (block.timestamp - ORACLE.getL2Output(index).timestamp >= PERIOD) return;
        if (index <= _heardIndex && _heardIndex != type(uint256).max) heardAt = 0;
        vm.prank(CHALLENGER);
        ORACLE.deleteL2Outputs(index);
    }

    function _cutWrong() private {
        for (uint256 i = 0; i < ORACLE.nextOutputIndex(); i++) {
            uint256 number = ORACLE.getL2Output(i).l2BlockNumber;
            if (ORACLE.getL2Output(i).outputRoot == rootOf(number, false)) return _cut(i);
        }
    }

    function _look() private {
        for (uint256 i = 0; i < posted.length; i++) {
            if (posted[i].recipient != address(0)) continue;
            IOutputProposer.Verdict verdict = PROPOSER.verdictOf(i);
            if (posted[i].seen != IOutputProposer.Verdict.Open && verdict != posted[i].seen) {
                verdictChanged = true;
            }
            posted[i].seen = verdict;
        }
    }
}
