// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEthereumRelay} from "../interfaces/IEthereumRelay.sol";
import {IRewardIndex} from "../interfaces/IRewardIndex.sol";
import {IVoidableDays} from "../interfaces/IVoidableDays.sol";
import {EthereumHeader, Header} from "../libraries/EthereumHeader.sol";
import {EthereumTransaction} from "../libraries/EthereumTransaction.sol";
import {OptimismPredeploys} from "../libraries/HashsandPredeploys.sol";
import {MerkleList} from "../libraries/MerkleList.sol";
import {TransactionTrie} from "../libraries/TransactionTrie.sol";

/// @title EthereumRelay
/// @dev What is trusted: `L1Block`, which the protocol sets from the L1 that the L2 is derived from. A header is what has a
///      recorded hash, or the hash that a header below a recorded one names as its parent. The L2 is reorganised together
///      with its L1, so no recorded hash can leave the chain.
contract EthereumRelay is IEthereumRelay {
    using EthereumHeader for bytes;

    uint256 private constant MAX_HEADERS = 64;

    address public immutable rewardIndex;

    /// @inheritdoc IEthereumRelay
    mapping(uint256 number => bytes32) public hashOf;

    constructor(address rewardIndex_) {
        rewardIndex = rewardIndex_;
    }

    /* RECORD */

    /// @inheritdoc IEthereumRelay
    function record() external returns (uint64 number) {
        number = OptimismPredeploys.L1_BLOCK.number();
        _record(number, OptimismPredeploys.L1_BLOCK.hash());
    }

    /// @inheritdoc IEthereumRelay
    function recordAncestor(Descent calldata descent) external returns (uint256 number) {
        bytes32 parent = _descend(descent).parentOf();
        uint256 count = descent.headers.length;
        require(count <= descent.recorded, HeaderCountOutOfRange(count, descent.recorded));
        number = descent.recorded - count;
        _record(number, parent);
    }

    /* CHALLENGE */

    /// @inheritdoc IEthereumRelay
    function challengeBlock(uint32 network, uint24 day, LeafProof calldata proof, Descent calldata descent)
        external
    {
        _requireAttested(network, day, proof);
        Leaf calldata leaf = proof.leaf;
        Header memory header = _headerAt(leaf.number, descent);
        bool paysForNothing = header.transactionsRoot == EthereumHeader.NO_TRANSACTIONS && leaf.payment != 0;
        require(
            header.hash != leaf.hash || header.gasUsed != leaf.gasUsed || header.baseFee != leaf.baseFee
                || epochAt(header.timestamp) != day || paysForNothing,
            NothingContradicted()
        );

        _void(network, day, Contradiction.Block, leaf.number);
    }

    /// @inheritdoc IEthereumRelay
    function challengePayment(
        uint32 network,
        uint24 day,
        LeafProof calldata proof,
        Descent calldata descent,
        LastTransaction calldata transaction
    ) external {
        _requireAttested(network, day, proof);
        Header memory header = _headerAt(proof.leaf.number, descent);
        require(_paymentIn(header, transaction) != proof.leaf.payment, NothingContradicted());

        _void(network, day, Contradiction.Payment, header.number);
    }

    /// @inheritdoc IEthereumRelay
    function challengeOrder(uint32 network, uint24 day, LeafProof calldata first, LeafProof calldata second)
        external
    {
        _requireAttested(network, day, first);
        _requireAttested(network, day, second);
        require(second.position == first.position + 1, LeavesNotNeighbours(first.position, second.position));
        require(second.leaf.number != uint256(first.leaf.number) + 1, NothingContradicted());

        _void(network, day, Contradiction.Order, second.leaf.number);
    }

    /// @inheritdoc IEthereumRelay
    function challengeMissing(uint32 network, uint24 day, LeafProof calldata edge, Descent calldata descent)
        external
    {
        _requireAttested(network, day, edge);
        Header memory header = headerOf(descent);
        bool isBefore = header.number + 1 == edge.leaf.number;
        require(
            isBefore || header.number == uint256(edge.leaf.number) + 1,
            WrongBlock(header.number, edge.leaf.number)
        );
        require(edge.position == (isBefore ? 0 : edge.count - 1), LeafNotAtTheEdge(edge.position, edge.count));
        require(epochAt(header.timestamp) == day, NothingContradicted());

        _void(network, day, Contradiction.Missing, header.number);
    }

    /* VIEWS */

    /// @inheritdoc IEthereumRelay
    function headerOf(Descent calldata descent) public view returns (Header memory) {
        return _descend(descent).read();
    }

    /// @inheritdoc IEthereumRelay
    function paymentOf(Descent calldata descent, LastTransaction calldata transaction)
        external
        view
        returns (uint256)
    {
        return _paymentIn(headerOf(descent), transaction);
    }

    /// @inheritdoc IEthereumRelay
    function epochAt(uint256 timestamp) public view returns (uint256) {
        IRewardIndex.Clock memory clock = IRewardIndex(rewardIndex).clock();
        if (timestamp <= clock.start) return clock.firstEpoch;
        return clock.firstEpoch + (timestamp - clock.start) / clock.epochSeconds;
    }

    /* INTERNALS */

    function _record(uint256 number, bytes32 hash) private {
        if (hashOf[number] == hash) return;

        hashOf[number] = hash;

        emit BlockRecorded(number, hash);
    }

    /// @dev The header that is meant. All others are known by their hash, so their parent is all that is read of them.
    function _descend(Descent calldata descent) private view returns (bytes calldata header) {
        uint256 count = descent.headers.length;
        require(count > 0 && count <= MAX_HEADERS, HeaderCountOutOfRange(count, MAX_HEADERS));
        bytes32 expected = hashOf[descent.recorded];
        require(expected != 0, BlockNotRecorded(descent.recorded));

        header = descent.headers[0];
        for (uint256 i = 0; i < count; i++) {
            if (i > 0) {
                expected = header.parentOf();
                header = descent.headers[i];
            }
            bytes32 hash = keccak256(header);
            require(hash == expected, HeaderMismatch(i, hash, expected));
        }
    }

    function _headerAt(uint256 number, Descent calldata descent) private view returns (Header memory header) {
        header = headerOf(descent);
        require(header.number == number, WrongBlock(header.number, number));
    }

    function _paymentIn(Header memory header, LastTransaction calldata transaction)
        private
        pure
        returns (uint256)
    {
        bytes calldata encoded =
            TransactionTrie.last(header.transactionsRoot, transaction.index, transaction.nodes);
        (address sender, uint256 value) = EthereumTransaction.read(encoded);
        require(sender == header.feeRecipient, NotPaidByFeeRecipient(sender, header.feeRecipient));
        return value;
    }

    function _requireAttested(uint32 network, uint24 day, LeafProof calldata proof) private view {
        bytes32 attested = IVoidableDays(rewardIndex).attestedRootOf(network, day);
        require(attested != 0, NoAttestedRoot(network, day));
        bytes32 leaf = keccak256(abi.encode(proof.leaf));
        bytes32 computed = MerkleList.rootOf(leaf, proof.position, proof.count, proof.branch);
        require(computed == attested, LeafNotAttested(computed, attested));
    }

    function _void(uint32 network, uint24 day, Contradiction contradiction, uint256 number) private {
        emit DayContradicted(network, day, contradiction, number);

        IVoidableDays(rewardIndex).voidDay(network, day);
    }
}
