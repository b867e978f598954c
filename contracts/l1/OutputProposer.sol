// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// L1's validators move time by seconds; what is waited for here takes minutes to weeks.
// forge-lint: disable-start(block-timestamp)

import {IL2OutputOracle} from "../interfaces/IL2OutputOracle.sol";
import {IOutputProposer} from "../interfaces/IOutputProposer.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";

/// @title OutputProposer
/// @dev Stands between the proposers and the oracle, which knows one proposer only.
///
///      A bond follows its L2 block, never an index: the challenger deletes by cutting the oracle's list, so indices come again and a
///      right output may go with a wrong one. An output as old as the finalisation period stays for good, and so does what it
///      decides. It counts only if it got there within the bond's time, whenever somebody looks: nobody gains by settling
///      early or late.
///
///      Trusted: the challenger, to delete wrong roots and no others, and whoever can upgrade the oracle. Not trusted: the
///      operator and everybody else.
contract OutputProposer is IOutputProposer {
    using Address for address;

    struct Heard {
        uint192 l2BlockNumber;
        uint64 at;
    }

    /// @inheritdoc IOutputProposer
    uint256 public constant BOND_SECONDS = 30 days;

    /// @inheritdoc IOutputProposer
    address public immutable ORACLE;

    /// @inheritdoc IOutputProposer
    address public immutable OPERATOR;

    /// @inheritdoc IOutputProposer
    uint256 public immutable SILENCE_SECONDS;

    /// @inheritdoc IOutputProposer
    uint256 public immutable WINDOW_SECONDS;

    /// @inheritdoc IOutputProposer
    uint256 public immutable BOND;

    /// @inheritdoc IOutputProposer
    uint256 public bondsPosted;

    /// @inheritdoc IOutputProposer
    mapping(address owner => uint256 amount) public creditOf;

    /// @dev The operator's newest output. Block 0 until there is one: the oracle never asks for the first block of its schedule.
    Heard private _heard;
    mapping(uint256 bondId => Bond) private _bonds;

    constructor(
        address oracle_,
        address operator_,
        uint256 silenceSeconds_,
        uint256 windowSeconds_,
        uint256 bond_
    ) {
        require(oracle_.code.length > 0, OracleHasNoCode(oracle_));
        require(operator_ != address(0), ZeroOperator());
        require(silenceSeconds_ > 0, ZeroSilence());
        require(windowSeconds_ > 0, ZeroWindow());
        require(bond_ > 0, ZeroBond());

        ORACLE = oracle_;
        OPERATOR = operator_;
        SILENCE_SECONDS = silenceSeconds_;
        WINDOW_SECONDS = windowSeconds_;
        BOND = bond_;
        _heard = Heard(0, uint64(block.timestamp));
    }

    /* PROPOSAL */

    /// @inheritdoc IOutputProposer
    function proposeL2Output(
        bytes32 outputRoot,
        uint256 l2BlockNumber,
        bytes32 l1BlockHash,
        uint256 l1BlockNumber
    ) external payable {
        require(outputRoot != bytes32(0), ZeroOutputRoot(l2BlockNumber));

        if (msg.sender == OPERATOR) _hear(outputRoot, l2BlockNumber);
        else _postBond(outputRoot, l2BlockNumber);

        IL2OutputOracle(ORACLE).proposeL2Output(outputRoot, l2BlockNumber, l1BlockHash, l1BlockNumber);
    }

    function _hear(bytes32 outputRoot, uint256 l2BlockNumber) private {
        require(msg.value == 0, ValueNotAccepted(msg.value));

        // Safe: the oracle takes its next block only, and counts blocks in 128 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        _heard = Heard(uint192(l2BlockNumber), uint64(block.timestamp));

        emit OperatorProposed(l2BlockNumber, outputRoot);
    }

    function _postBond(bytes32 outputRoot, uint256 l2BlockNumber) private {
        uint256 silentFrom = operatorHeardAt() + SILENCE_SECONDS;
        uint256 oldEnoughFrom = _oldEnoughFrom(l2BlockNumber);
        require(msg.value == BOND, WrongBond(msg.value, BOND));
        require(block.timestamp >= silentFrom, OperatorNotSilent(block.timestamp, silentFrom));
        require(block.timestamp >= oldEnoughFrom, BlockTooYoung(block.timestamp, oldEnoughFrom));

        uint256 bondId = bondsPosted++;
        _bonds[bondId] = Bond(msg.sender, uint64(block.timestamp), outputRoot, l2BlockNumber);
        // The oracle asks for this block again: the operator's output was deleted, and this one is not his.
        if (l2BlockNumber <= _heard.l2BlockNumber) delete _heard;

        emit BondPosted(bondId, msg.sender, l2BlockNumber, outputRoot);
    }

    /* SETTLEMENT */

    /// @inheritdoc IOutputProposer
    function settle(uint256 bondId) external returns (address recipient) {
        Verdict verdict = verdictOf(bondId);
        require(verdict != Verdict.Open, BondOpen(bondId));

        recipient =
            verdict == Verdict.Returned ? _bonds[bondId].proposer : IL2OutputOracle(ORACLE).challenger();
        delete _bonds[bondId];
        creditOf[recipient] += BOND;

        emit BondSettled(bondId, recipient, verdict);
    }

    /// @inheritdoc IOutputProposer
    function claim(address to) external returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount > 0, NothingToClaim(msg.sender));
        require(to != address(0), ZeroRecipient());

        creditOf[msg.sender] = 0;

        emit Claimed(msg.sender, to, amount);

        Address.sendValue(payable(to), amount);
    }

    /* VIEWS */

    /// @inheritdoc IOutputProposer
    function verdictOf(uint256 bondId) public view returns (Verdict) {
        Bond memory bond = _bonds[bondId];
        require(bond.proposer != address(0), NoSuchBond(bondId));

        uint256 deadline = bond.proposedAt + BOND_SECONDS;
        IL2OutputOracle.OutputProposal memory output = _outputOf(bond.l2BlockNumber);
        if (output.timestamp != 0) {
            uint256 maturesAt = output.timestamp + IL2OutputOracle(ORACLE).finalizationPeriodSeconds();
            if (maturesAt <= block.timestamp && maturesAt <= deadline) {
                return output.outputRoot == bond.outputRoot ? Verdict.Returned : Verdict.Forfeited;
            }
        }
        return block.timestamp > deadline ? Verdict.Returned : Verdict.Open;
    }

    /// @inheritdoc IOutputProposer
    function openFrom(uint256 l2BlockNumber) external view returns (uint256) {
        uint256 silentFrom = operatorHeardAt() + SILENCE_SECONDS;
        uint256 oldEnoughFrom = _oldEnoughFrom(l2BlockNumber);
        return silentFrom > oldEnoughFrom ? silentFrom : oldEnoughFrom;
    }

    /// @inheritdoc IOutputProposer
    function operatorHeardAt() public view returns (uint256) {
        Heard memory heard = _heard;
        return heard.l2BlockNumber > IL2OutputOracle(ORACLE).latestBlockNumber() ? 0 : heard.at;
    }

    /// @inheritdoc IOutputProposer
    function bondOf(uint256 bondId) external view returns (Bond memory) {
        return _bonds[bondId];
    }

    /// @dev Every other question is the oracle's to answer. A static call: nothing can be changed this way.
    fallback(bytes calldata question) external returns (bytes memory answer) {
        return ORACLE.functionStaticCall(question);
    }

    /* INTERNALS */

    function _oldEnoughFrom(uint256 l2BlockNumber) private view returns (uint256) {
        return IL2OutputOracle(ORACLE).computeL2Timestamp(l2BlockNumber) + WINDOW_SECONDS;
    }

    /// @return output That of exactly this block; all 0 when the oracle holds none.
    function _outputOf(uint256 l2BlockNumber)
        private
        view
        returns (IL2OutputOracle.OutputProposal memory output)
    {
        if (l2BlockNumber > IL2OutputOracle(ORACLE).latestBlockNumber()) return output;
        IL2OutputOracle.OutputProposal memory found = IL2OutputOracle(ORACLE).getL2OutputAfter(l2BlockNumber);
        if (found.l2BlockNumber == l2BlockNumber) output = found;
    }
}
