// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IFacade} from "../interfaces/IFacade.sol";
import {ILedger} from "../interfaces/ILedger.sol";
import {FacadeClones} from "../libraries/FacadeClones.sol";
import {BoxId} from "../types/BoxId.sol";
import {BoxMath} from "./BoxMath.sol";
import {BoxMetadata} from "./BoxMetadata.sol";
import {Facade} from "./Facade.sol";
import {Indices} from "./Indices.sol";
import {
    IERC6909ContentURI,
    IERC6909Metadata,
    IERC6909TokenSupply
} from "@openzeppelin/contracts/interfaces/IERC6909.sol";
import {ERC6909} from "@openzeppelin/contracts/token/ERC6909/ERC6909.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @notice Who holds how much of which box, as ERC-6909 and, where somebody asked for it, as ERC-20.
/// @dev Whoever holds some of an id holds a canonical one: ids are checked, or derived from such, when they are created.
///      Holders are never called; facades are our own code.
abstract contract Positions is Indices, ERC6909 {
    uint256 private constant SUPPLY_BITS = 120;
    uint256 private constant MAX_SUPPLY = type(uint120).max;
    uint256 private constant SHORT_SHIFT = 128;

    Facade private immutable FACADE;
    BoxMetadata private immutable METADATA;

    /// @dev Of a box and its mirror, least significant bit first: long supply 120, long has a facade 8, short supply 120,
    ///      short has a facade 8. For others to see; no payoff depends on it.
    mapping(BoxId long => uint256) private _issues;

    constructor() {
        FACADE = new Facade();
        METADATA = new BoxMetadata();
    }

    /* FACADES */

    /// @inheritdoc ILedger
    function deployFacade(BoxId id) external returns (address facade) {
        BoxId long = _longOf(id);
        uint256 issue = _issues[long];
        if (_supplyIn(issue, id.isShort()) == 0) _requireCanonical(id);
        require(!_hasFacadeIn(issue, id.isShort()), FacadeExists(id));

        _issues[long] = issue | (uint256(1) << (_shiftOf(id.isShort()) + SUPPLY_BITS));
        facade = FacadeClones.deploy(address(FACADE), id);

        emit FacadeDeployed(id);
    }

    /// @inheritdoc ILedger
    /// @dev Only the code that `deployFacade` put there can call from the derived address.
    function transferByFacade(BoxId id, address from, address to, uint256 amount) external {
        address facade = facadeOf(id);
        require(msg.sender == facade, NotFacade(msg.sender, facade));

        // Past our own `_update`: the facade emits its event itself.
        super._update(from, to, BoxId.unwrap(id), amount);
    }

    /* VIEWS */

    /// @inheritdoc ILedger
    function facadeOf(BoxId id) public view returns (address) {
        return FacadeClones.addressOf(address(FACADE), id);
    }

    /// @inheritdoc ILedger
    function hasFacade(BoxId id) external view returns (bool) {
        return _hasFacadeIn(_issues[_longOf(id)], id.isShort());
    }

    /// @inheritdoc IERC6909TokenSupply
    function totalSupply(uint256 id) external view returns (uint256) {
        return _supplyIn(_issues[_longOf(BoxId.wrap(id))], BoxId.wrap(id).isShort());
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
    function supportsInterface(bytes4 interfaceId) public view override(ERC6909, IERC165) returns (bool) {
        return interfaceId == type(IERC6909Metadata).interfaceId
            || interfaceId == type(IERC6909TokenSupply).interfaceId
            || interfaceId == type(IERC6909ContentURI).interfaceId || super.supportsInterface(interfaceId);
    }

    /* INTERNALS */

    /// @dev Answers what the ledger knows of an id that can exist, and reverts for any other.
    function _requireCanonical(BoxId id) internal view virtual returns (Head memory head, uint256 top);

    function _checked(uint256 id) private view returns (BoxId) {
        _requireCanonical(BoxId.wrap(id));
        return BoxId.wrap(id);
    }

    /// @dev Of a canonical id.
    function _create(BoxId id, address to, uint128 quantity) internal {
        require(to != address(0), ERC6909InvalidReceiver(to));
        require(quantity > 0, QuantityZero());
        BoxId long = _longOf(id);
        uint256 issue = _issues[long];
        uint256 supply = _supplyIn(issue, id.isShort()) + quantity;
        require(supply <= MAX_SUPPLY, SupplyTooLarge(supply, MAX_SUPPLY));

        // Safe because the sum was checked to fit its bits: nothing is carried out of them.
        unchecked {
            _issues[long] = issue + (uint256(quantity) << _shiftOf(id.isShort()));
        }
        super._update(address(0), to, BoxId.unwrap(id), quantity);
        if (_hasFacadeIn(issue, id.isShort())) _tellFacade(id, address(0), to, quantity);
    }

    /// @dev Reverts unless the caller has it, so what passes is canonical.
    function _destroy(BoxId id, uint128 quantity) internal {
        require(quantity > 0, QuantityZero());
        super._update(msg.sender, address(0), BoxId.unwrap(id), quantity);
        BoxId long = _longOf(id);
        uint256 issue = _issues[long];
        // Safe because nobody has more than was issued: nothing is borrowed from the neighbour.
        unchecked {
            _issues[long] = issue - (uint256(quantity) << _shiftOf(id.isShort()));
        }
        if (_hasFacadeIn(issue, id.isShort())) _tellFacade(id, msg.sender, address(0), quantity);
    }

    /// @dev Reached by transfers only: what is created or destroyed passes above.
    function _update(address from, address to, uint256 id, uint256 amount) internal override {
        super._update(from, to, id, amount);
        // What follows may trust the id: somebody had some of it.
        if (amount == 0) return;

        BoxId box = BoxId.wrap(id);
        if (_hasFacadeIn(_issues[_longOf(box)], box.isShort())) _tellFacade(box, from, to, amount);
    }

    function _tellFacade(BoxId id, address from, address to, uint256 amount) private {
        IFacade(facadeOf(id)).recordTransfer(from, to, amount);
    }

    function _isIssued(BoxId long) internal view returns (bool) {
        return _issues[long] & MAX_SUPPLY != 0;
    }

    /// @dev The key of what was issued of a box and its mirror. Nothing is ever found for an id that cannot exist: a LONG of
    ///      that kind was never issued, and a SHORT of that kind is not the mirror of its mirror.
    function _longOf(BoxId id) private view returns (BoxId long) {
        if (!id.isShort()) return id;
        if (id.isFull()) return BoxMath.mirror(id, 0);
        uint256 top = _topOf(id);
        long = BoxMath.mirror(id, top);
        if (BoxMath.mirror(long, top) != id) return id;
    }

    /// @dev T in ticks. Safe because caps sum up to less than 2^67; an interval is below 2^24, or means nothing.
    function _topOf(BoxId id) private view returns (uint256) {
        Index storage index = _indices[id.index()];
        uint256 caps = _capsOf(index, index.head.cap0, index.head.cap1, id.mask());
        unchecked {
            return caps * (uint256(id.end()) - id.start());
        }
    }

    function _shiftOf(bool isShort) private pure returns (uint256) {
        return isShort ? SHORT_SHIFT : 0;
    }

    function _supplyIn(uint256 issue, bool isShort) private pure returns (uint256) {
        return (issue >> _shiftOf(isShort)) & MAX_SUPPLY;
    }

    function _hasFacadeIn(uint256 issue, bool isShort) private pure returns (bool) {
        return (issue >> (_shiftOf(isShort) + SUPPLY_BITS)) & 1 != 0;
    }
}
