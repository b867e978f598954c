// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../interfaces/IFacade.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {FacadeClones} from "../libraries/FacadeClones.sol";
import {BoxId} from "../types/BoxId.sol";
import {Moving} from "../types/IndexWords.sol";
import {BoxMath} from "./BoxMath.sol";
import {BoxMetadata} from "./BoxMetadata.sol";
import {Facade} from "./Facade.sol";
import {Indices} from "./Indices.sol";
import {
    IERC6909,
    IERC6909ContentURI,
    IERC6909Metadata,
    IERC6909TokenSupply
} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice Who holds how much of which box, as ERC-6909 and, where somebody asked for it, as ERC-20.
/// @dev Not OpenZeppelin's ERC6909, whose one function for all moves costs 300 gas a position more. Whoever holds some of an id holds a canonical one: ids are checked, or derived from such, when they are created.
///      Holders are never called; facades are our own code.
abstract contract Positions is Indices, ERC165 {
    uint256 private constant MAX_SUPPLY = type(uint120).max;
    uint256 private constant FACADE_FLAG = 1 << 120;
    uint256 private constant SHORT_SHIFT = 128;
    uint256 private constant FACADE_FLAGS = FACADE_FLAG | (FACADE_FLAG << SHORT_SHIFT);

    /// @dev So that a place in a mapping is looked for once, to be read and written.
    struct Word {
        uint256 value;
    }

    Facade private immutable FACADE;
    BoxMetadata private immutable METADATA;

    /// @dev Of a box and its mirror, least significant bit first: long supply 120, long has a facade 8, short supply 120,
    ///      short has a facade 8. For others to see; no payoff depends on it.
    mapping(BoxId long => Word) private _issues;

    mapping(address owner => mapping(uint256 id => Word)) private _balances;

    /// @inheritdoc IERC6909
    mapping(address owner => mapping(address spender => mapping(uint256 id => uint256))) public allowance;
    /// @inheritdoc IERC6909
    mapping(address owner => mapping(address spender => bool)) public isOperator;

    constructor() {
        FACADE = new Facade();
        METADATA = new BoxMetadata();
    }

    /* TRANSFERS */

    /// @inheritdoc IERC6909
    function transfer(address receiver, uint256 id, uint256 amount) external returns (bool) {
        _transfer(msg.sender, receiver, id, amount);
        return true;
    }

    /// @inheritdoc IERC6909
    /// @dev An operator needs no allowance, and spends none.
    function transferFrom(address sender, address receiver, uint256 id, uint256 amount)
        external
        returns (bool)
    {
        if (sender != msg.sender && !isOperator[sender][msg.sender]) {
            _spendAllowance(sender, id, amount);
        }
        _transfer(sender, receiver, id, amount);
        return true;
    }

    /// @inheritdoc IERC6909
    function approve(address spender, uint256 id, uint256 amount) external returns (bool) {
        require(spender != address(0), ERC6909InvalidSpender(spender));

        allowance[msg.sender][spender][id] = amount;

        emit Approval(msg.sender, spender, id, amount);
        return true;
    }

    /// @inheritdoc IERC6909
    function setOperator(address spender, bool approved) external returns (bool) {
        require(spender != address(0), ERC6909InvalidSpender(spender));

        isOperator[msg.sender][spender] = approved;

        emit OperatorSet(msg.sender, spender, approved);
        return true;
    }

    /* FACADES */

    /// @inheritdoc ILedger
    function deployFacade(BoxId id) external returns (address facade) {
        (BoxId long, uint256 shift) = _placeOf(id);
        Word storage stored = _issues[long];
        uint256 issue = stored.value;
        uint256 flag = FACADE_FLAG << shift;
        if ((issue >> shift) & MAX_SUPPLY == 0) _requireCanonical(id);
        require(issue & flag == 0, FacadeExists(id));

        stored.value = issue | flag;
        facade = FacadeClones.deploy(address(FACADE), id);

        emit FacadeDeployed(id);
    }

    /// @inheritdoc ILedger
    /// @dev Only the code that `deployFacade` put there can call from the derived address.
    function transferByFacade(BoxId id, address from, address to, uint256 amount) external {
        address facade = facadeOf(id);
        require(msg.sender == facade, NotFacade(msg.sender, facade));

        // The facade emits its event itself.
        _move(from, to, BoxId.unwrap(id), amount);
    }

    /* VIEWS */

    /// @inheritdoc IERC6909
    function balanceOf(address owner, uint256 id) external view returns (uint256) {
        return _balances[owner][id].value;
    }

    /// @inheritdoc ILedger
    function facadeOf(BoxId id) public view returns (address) {
        return FacadeClones.addressOf(address(FACADE), id);
    }

    /// @inheritdoc ILedger
    function hasFacade(BoxId id) external view returns (bool) {
        return _sideOf(id) & FACADE_FLAG != 0;
    }

    /// @inheritdoc IERC6909TokenSupply
    function totalSupply(uint256 id) external view returns (uint256) {
        return _sideOf(BoxId.wrap(id)) & MAX_SUPPLY;
    }

    /// @inheritdoc IERC6909Metadata
    function name(uint256 id) external view returns (string memory) {
        return METADATA.nameOf(_checked(id), _indices[BoxId.wrap(id).index()].name);
    }

    /// @inheritdoc IERC6909Metadata
    function symbol(uint256 id) external view returns (string memory) {
        return METADATA.symbolOf(_checked(id), _indices[BoxId.wrap(id).index()].name);
    }

    /// @inheritdoc IERC6909Metadata
    function decimals(uint256) external pure returns (uint8) {
        return 18;
    }

    /// @inheritdoc IERC6909ContentURI
    function tokenURI(uint256 id) external view returns (string memory) {
        return METADATA.tokenURI(_checked(id));
    }

    /// @inheritdoc IERC6909ContentURI
    function contractURI() external view returns (string memory) {
        return METADATA.contractURI();
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC6909).interfaceId || interfaceId == type(IERC6909Metadata).interfaceId
            || interfaceId == type(IERC6909TokenSupply).interfaceId
            || interfaceId == type(IERC6909ContentURI).interfaceId || super.supportsInterface(interfaceId);
    }

    /* INTERNALS */

    /// @dev Answers what the ledger knows of an id that can exist, and reverts for any other.
    function _requireCanonical(BoxId id)
        internal
        view
        virtual
        returns (Index storage stored, Moving moving, uint256 top);

    function _checked(uint256 id) private view returns (BoxId) {
        _requireCanonical(BoxId.wrap(id));
        return BoxId.wrap(id);
    }

    /// @dev A box and its mirror, of which one word holds the supplies.
    /// @return isNew None of the LONG was out there, so that the caller has yet to check that the box can exist.
    function _createPair(BoxId long, BoxId short, uint128 quantity, address longTo, address shortTo)
        internal
        returns (bool isNew)
    {
        require(quantity != 0, QuantityZero());
        require(longTo != address(0) && shortTo != address(0), ERC6909InvalidReceiver(address(0)));
        Word storage stored = _issues[long];
        uint256 issue = stored.value;
        // Safe because both sums are checked to fit their bits: nothing is carried out of them.
        unchecked {
            uint256 supply = (issue & MAX_SUPPLY) + quantity;
            require(supply <= MAX_SUPPLY, SupplyTooLarge(supply, MAX_SUPPLY));
            supply = ((issue >> SHORT_SHIFT) & MAX_SUPPLY) + quantity;
            require(supply <= MAX_SUPPLY, SupplyTooLarge(supply, MAX_SUPPLY));
            stored.value = issue + quantity + (uint256(quantity) << SHORT_SHIFT);
        }
        _credit(longTo, long, quantity);
        _credit(shortTo, short, quantity);
        isNew = issue & MAX_SUPPLY == 0;
        if (issue & FACADE_FLAGS == 0) return isNew;
        if (issue & FACADE_FLAG != 0) _tellFacade(long, address(0), longTo, quantity);
        if ((issue >> SHORT_SHIFT) & FACADE_FLAG != 0) _tellFacade(short, address(0), shortTo, quantity);
    }

    /// @dev Of a canonical id, to the caller, for what he destroys with it. Here and in `_destroy` the balance is moved in
    ///      place, not by `_credit` and `_debit`: a cut makes three such moves, and has no 150 gas to spare.
    /// @return isNew None of it was out there.
    function _create(BoxId id, uint128 quantity) internal returns (bool isNew) {
        (BoxId long, uint256 shift) = _placeOf(id);
        Word storage stored = _issues[long];
        uint256 issue = stored.value;
        uint256 side = issue >> shift;
        uint256 supply = side & MAX_SUPPLY;
        isNew = supply == 0;
        // Safe because the sum is checked to fit its bits: nothing is carried out of them.
        unchecked {
            supply += quantity;
            require(supply <= MAX_SUPPLY, SupplyTooLarge(supply, MAX_SUPPLY));
            stored.value = issue + (uint256(quantity) << shift);
        }
        // Safe because all balances of an id sum up to its supply.
        unchecked {
            _balances[msg.sender][BoxId.unwrap(id)].value += quantity;
        }
        emit Transfer(msg.sender, address(0), msg.sender, BoxId.unwrap(id), quantity);
        if (side & FACADE_FLAG != 0) _tellFacade(id, address(0), msg.sender, quantity);
    }

    /// @dev Reverts unless the caller has it, so what passes is canonical.
    function _destroy(BoxId id, uint128 quantity) internal {
        require(quantity != 0, QuantityZero());
        Word storage held = _balances[msg.sender][BoxId.unwrap(id)];
        uint256 balance = held.value;
        require(
            quantity <= balance, ERC6909InsufficientBalance(msg.sender, balance, quantity, BoxId.unwrap(id))
        );
        // Safe because it was checked above.
        unchecked {
            held.value = balance - quantity;
        }
        (BoxId long, uint256 shift) = _placeOf(id);
        Word storage stored = _issues[long];
        uint256 issue = stored.value;
        // Safe because nobody has more than was issued: nothing is borrowed from the neighbour.
        unchecked {
            stored.value = issue - (uint256(quantity) << shift);
        }
        emit Transfer(msg.sender, msg.sender, address(0), BoxId.unwrap(id), quantity);
        if ((issue >> shift) & FACADE_FLAG != 0) _tellFacade(id, msg.sender, address(0), quantity);
    }

    function _transfer(address from, address to, uint256 id, uint256 amount) private {
        _move(from, to, id, amount);
        // What follows may trust the id: somebody had some of it.
        if (amount == 0) return;

        BoxId box = BoxId.wrap(id);
        if (_sideOf(box) & FACADE_FLAG != 0) _tellFacade(box, from, to, amount);
    }

    function _move(address from, address to, uint256 id, uint256 amount) private {
        require(to != address(0), ERC6909InvalidReceiver(to));
        _debit(from, id, amount);
        // Safe because all balances of an id sum up to its supply.
        unchecked {
            _balances[to][id].value += amount;
        }
        emit Transfer(msg.sender, from, to, id, amount);
    }

    function _credit(address to, BoxId id, uint128 quantity) private {
        // Safe because all balances of an id sum up to its supply.
        unchecked {
            _balances[to][BoxId.unwrap(id)].value += quantity;
        }
        emit Transfer(msg.sender, address(0), to, BoxId.unwrap(id), quantity);
    }

    function _debit(address from, uint256 id, uint256 amount) private {
        Word storage held = _balances[from][id];
        uint256 balance = held.value;
        require(amount <= balance, ERC6909InsufficientBalance(from, balance, amount, id));
        // Safe because it was checked above.
        unchecked {
            held.value = balance - amount;
        }
    }

    function _spendAllowance(address owner, uint256 id, uint256 amount) private {
        uint256 allowed = allowance[owner][msg.sender][id];
        if (allowed == type(uint256).max) return;
        require(amount <= allowed, ERC6909InsufficientAllowance(msg.sender, allowed, amount, id));
        // Safe because it was checked above.
        unchecked {
            allowance[owner][msg.sender][id] = allowed - amount;
        }
    }

    function _tellFacade(BoxId id, address from, address to, uint256 amount) private {
        IFacade(facadeOf(id)).recordTransfer(from, to, amount);
    }

    function _isIssued(BoxId long) internal view returns (bool) {
        return _issues[long].value & MAX_SUPPLY != 0;
    }

    /// @dev Supply and flag of one side, in the lower bits.
    function _sideOf(BoxId id) private view returns (uint256) {
        (BoxId long, uint256 shift) = _placeOf(id);
        return _issues[long].value >> shift;
    }

    /// @dev Under which key and how far up a side is kept. Nothing is ever found for an id that cannot exist: a LONG of that
    ///      kind was never issued, and a SHORT of that kind either has one for its mirror, or is not the mirror of its mirror.
    function _placeOf(BoxId id) private view returns (BoxId long, uint256 shift) {
        if (!id.isShort()) return (id, 0);
        if (id.isFull()) return (BoxMath.mirror(id, 0), SHORT_SHIFT);
        Index storage stored = _indices[id.index()];
        uint256 top = _topIn(stored, stored.moving, id);
        long = BoxMath.mirror(id, top);
        return (BoxMath.mirror(long, top) == id ? long : id, SHORT_SHIFT);
    }
}
