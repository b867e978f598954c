// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// A sequencer moves time by seconds; what is waited for here takes epochs.
// forge-lint: disable-start(block-timestamp)

import {IBuriedBlocks} from "../interfaces/IBuriedBlocks.sol";
import {IProvenDays} from "../interfaces/IProvenDays.sol";
import {IRewardIndex} from "../interfaces/IRewardIndex.sol";
import {ISignerBonds} from "../interfaces/ISignerBonds.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title SignerBonds
/// @dev Why an honest node loses nothing. It signs one statement for each network, day and round, so there is no equivocation; a
///      day that was voided is signed anew in a new round. Totals are a function of the chain that ends in the last block: where
///      that is the proven one, so are they. Where it is not, the node waited for six blocks on the block it signed, and
///      shows them.
///
///      Why a liar cannot get away. Nothing is slashed but by a signature over this chain's and this index's digest, which
///      nobody else can make. A bond is locked while its signer can sign what counts, and afterwards until all that it could
///      have signed is proven and was contestable for 7 epochs; an open accusation locks it too. One offence cannot be paid
///      for twice, nor cheaply in advance: the first takes the whole bond, and the key is never bonded again.
///      What this does not reach: the totals of a block that was buried on a branch that was left, which nobody proves; and
///      equivocation before anyone shows both reports.
///
///      Trusted: the index, and the provers of its networks. Accounts are paid when they ask for it, after all is written.
contract SignerBonds is ISignerBonds {
    using SafeCast for uint256;

    uint256 private constant REWARD_DIVISOR = 5;
    uint256 private constant CONTEST_EPOCHS = 7;
    uint256 private constant LONGEST_LOCK_EPOCHS = 30;

    uint256 private immutable EPOCH_SECONDS;

    /// @inheritdoc ISignerBonds
    IRewardIndex public immutable INDEX;

    /// @inheritdoc ISignerBonds
    mapping(address signer => uint256) public bondOf;

    /// @inheritdoc ISignerBonds
    mapping(address signer => bool) public isSlashed;

    /// @inheritdoc ISignerBonds
    mapping(address signer => uint256) public openAccusationsOf;

    /// @inheritdoc ISignerBonds
    mapping(address account => uint256) public creditOf;

    mapping(bytes32 id => Accusation) private _accusations;

    constructor(IRewardIndex index_) {
        INDEX = index_;
        EPOCH_SECONDS = index_.clock().epochSeconds;
    }

    /* BOND */

    /// @inheritdoc ISignerBonds
    function fund(address signer) external payable {
        require(msg.value > 0, NothingFunded());
        require(!isSlashed[signer], SignerSlashed(signer));

        bondOf[signer] += msg.value;

        emit Funded(signer, msg.sender, msg.value);
    }

    /* OFFENCES */

    /// @inheritdoc ISignerBonds
    function proveEquivocation(SignedReport calldata first, SignedReport calldata second) external {
        IRewardIndex.Report calldata one = first.report;
        IRewardIndex.Report calldata other = second.report;
        require(
            one.network == other.network && one.day == other.day && one.round == other.round,
            DifferentSubjects()
        );
        require(keccak256(abi.encode(one)) != keccak256(abi.encode(other)), SameStatement());
        address signer = _signerOf(first);
        address second_ = _signerOf(second);
        require(signer == second_, DifferentSigners(signer, second_));

        _slash(signer, msg.sender);
    }

    /// @inheritdoc ISignerBonds
    function accuse(SignedReport calldata signed, IProvenDays.Totals calldata proven)
        external
        returns (bytes32 accusation)
    {
        IRewardIndex.Report calldata report = signed.report;
        _requireContradiction(report, proven);
        address signer = _signerOf(signed);
        if (report.lastBlockHash == proven.lastBlockHash) {
            _slash(signer, msg.sender);
            return 0;
        }
        require(bondOf[signer] > 0, NothingAtStake(signer));
        accusation = keccak256(abi.encode(signer, report.network, report.day, report.lastBlockHash));
        require(_accusations[accusation].state == AccusationState.None, AlreadyAccused(accusation));

        Accusation memory facts = Accusation({
            signer: signer,
            deadline: (block.timestamp + CONTEST_EPOCHS * EPOCH_SECONDS).toUint64(),
            state: AccusationState.Open,
            accuser: msg.sender,
            network: report.network,
            day: report.day,
            blockHash: report.lastBlockHash
        });
        _accusations[accusation] = facts;
        openAccusationsOf[signer]++;

        emit Accused(accusation, signer, msg.sender, facts);
    }

    /// @inheritdoc ISignerBonds
    function defend(bytes32 accusation, bytes calldata headers) external {
        Accusation storage stored = _openAccusation(accusation);
        uint256 deadline = stored.deadline;
        require(block.timestamp < deadline, DefenceOver(block.timestamp, deadline));
        bytes32 blockHash = stored.blockHash;
        IBuriedBlocks prover = IBuriedBlocks(INDEX.networkOf(stored.network).prover);
        require(prover.isBuried(blockHash, headers, stored.day), NotBuried(blockHash));

        address signer = stored.signer;
        stored.state = AccusationState.Refuted;
        openAccusationsOf[signer]--;

        emit Refuted(accusation, signer);
    }

    /// @inheritdoc ISignerBonds
    function settle(bytes32 accusation) external {
        Accusation storage stored = _openAccusation(accusation);
        uint256 deadline = stored.deadline;
        require(block.timestamp >= deadline, DefenceNotOver(block.timestamp, deadline));

        address signer = stored.signer;
        stored.state = AccusationState.Upheld;
        openAccusationsOf[signer]--;
        _slash(signer, stored.accuser);
    }

    /* MONEY OUT */

    /// @inheritdoc ISignerBonds
    function withdraw(address to) external returns (uint256 amount) {
        amount = bondOf[msg.sender];
        uint256 accusations = openAccusationsOf[msg.sender];
        uint256 freeAt = unlocksAt(msg.sender);
        require(amount > 0, NothingAtStake(msg.sender));
        require(to != address(0), ZeroRecipient());
        require(accusations == 0, AccusationsOpen(msg.sender, accusations));
        require(block.timestamp >= freeAt, BondLocked(block.timestamp, freeAt));

        bondOf[msg.sender] = 0;

        emit Withdrawn(msg.sender, to, amount);

        Address.sendValue(payable(to), amount);
    }

    /// @inheritdoc ISignerBonds
    function claim(address to) external returns (uint256 amount) {
        amount = creditOf[msg.sender];
        require(amount > 0, NothingToClaim(msg.sender));
        require(to != address(0), ZeroRecipient());

        creditOf[msg.sender] = 0;

        emit Claimed(msg.sender, to, amount);

        Address.sendValue(payable(to), amount);
    }

    /* VIEWS */

    /// @inheritdoc ISignerBonds
    function accusationOf(bytes32 accusation) external view returns (Accusation memory) {
        return _accusations[accusation];
    }

    /// @inheritdoc ISignerBonds
    /// @dev Of all networks, its own or not: at worst it waits the 30 epochs.
    function unlocksAt(address signer) public view returns (uint256) {
        IRewardIndex.Membership memory membership = INDEX.membershipOf(signer);
        require(membership.networks == 0, StillSigner(signer, membership.networks));

        uint256 contestableFrom = membership.leftAt;
        uint256 latest = contestableFrom + LONGEST_LOCK_EPOCHS * EPOCH_SECONDS;
        uint32 networks = INDEX.networkCount();
        for (uint32 network = 1; network <= networks; network++) {
            IRewardIndex.NetworkConfig memory config = INDEX.networkOf(network);
            bool proves = config.class != IRewardIndex.NetworkClass.Attested;
            if (!proves || config.firstDay >= membership.leftEpoch) continue;
            // Days are proven in order: with the last of them, all are.
            uint256 provenAt = INDEX.dayOf(network, membership.leftEpoch - 1).provenAt;
            if (provenAt == 0) return latest;
            contestableFrom = Math.max(contestableFrom, provenAt);
        }
        return Math.min(latest, contestableFrom + CONTEST_EPOCHS * EPOCH_SECONDS);
    }

    /* INTERNALS */

    function _openAccusation(bytes32 accusation) private view returns (Accusation storage) {
        Accusation storage stored = _accusations[accusation];
        require(stored.state == AccusationState.Open, AccusationNotOpen(accusation));
        return stored;
    }

    function _requireContradiction(IRewardIndex.Report calldata report, IProvenDays.Totals calldata proven)
        private
        view
    {
        bytes32 statement = INDEX.statementOf(report.network, report.day);
        require(statement != 0, DayNotProven(report.network, report.day));
        bytes32 given = keccak256(abi.encode(proven));
        require(given == statement, WrongTotals(given, statement));
        IProvenDays.Totals memory signed = IProvenDays.Totals({
            lastHeight: report.lastHeight,
            lastBlockHash: report.lastBlockHash,
            work: report.work,
            subsidy: report.subsidy,
            fees: report.fees,
            cappedFees: report.cappedFees,
            medianFee: report.medianFee
        });
        require(keccak256(abi.encode(signed)) != statement, NoContradiction());
    }

    function _signerOf(SignedReport calldata signed) private view returns (address) {
        bytes32 digest = INDEX.hashReportUnder(signed.configDigest, signed.report);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, signed.signature);
        require(failure == ECDSA.RecoverError.NoError, InvalidSignature());
        return signer;
    }

    function _slash(address signer, address accuser) private {
        uint256 bond = bondOf[signer];
        require(bond > 0, NothingAtStake(signer));

        uint256 reward = bond / REWARD_DIVISOR;
        bondOf[signer] = 0;
        isSlashed[signer] = true;
        creditOf[accuser] += reward;

        emit Slashed(signer, accuser, reward, bond - reward);

        // Nobody has the key of the zero address.
        Address.sendValue(payable(address(0)), bond - reward);
    }
}
